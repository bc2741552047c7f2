//! Functions that pick among their arguments: `when`, `if_then_else`, `coalesce`, `greatest`, `least`.

use super::cells::Cells;
use super::{Batch, widen};
use crate::context::internal;
use crate::frame::gather;
use arrow::array::{Array, ArrayRef, AsArray, new_null_array};
use arrow::compute::interleave;
use arrow::row::{RowConverter, SortField};
use creta_expr::Node;
use creta_model::{DataType, Letter};

/// Condition, value, condition, value, …, otherwise. Each row evaluates one value only.
pub(super) fn choose(batch: &mut Batch, arguments: &[Node], data_type: &DataType) -> Result<Cells, Letter> {
    let mut open: Vec<u32> = (0..batch.rows as u32).collect();
    let mut picks = Picks::new(batch.rows);
    let mut rest = arguments;
    while let [condition, value, others @ ..] = rest {
        let part = batch.part(&open)?;
        let (holds, part) = part.run(batch, condition)?;
        let holds = holds.as_boolean_opt().ok_or_else(|| internal("a condition is not boolean"))?;
        let is_true = |position: &usize| holds.is_valid(*position) && holds.value(*position);
        let (taken, left): (Vec<usize>, Vec<usize>) = (0..open.len()).partition(is_true);
        drop(part);
        let taken: Vec<u32> = taken.into_iter().map(|position| open[position]).collect();
        picks.evaluate(batch, value, &taken, data_type)?;
        open = left.into_iter().map(|position| open[position]).collect();
        rest = others;
    }
    if let [otherwise] = rest {
        picks.evaluate(batch, otherwise, &open, data_type)?;
    }
    picks.finish(data_type)
}

/// The first argument that is not null; later ones are evaluated only where they are needed.
pub(super) fn coalesce(batch: &mut Batch, arguments: &[Node], data_type: &DataType) -> Result<Cells, Letter> {
    let mut open: Vec<u32> = (0..batch.rows as u32).collect();
    let mut picks = Picks::new(batch.rows);
    for argument in arguments {
        if open.is_empty() {
            break;
        }
        let values = picks.evaluate(batch, argument, &open, data_type)?;
        open = open
            .into_iter()
            .enumerate()
            .filter(|(position, _)| values.is_null(*position))
            .map(|(_, row)| row)
            .collect();
    }
    picks.finish(data_type)
}

/// The largest or smallest argument, nulls skipped.
pub(super) fn extreme(
    batch: &Batch,
    arguments: &[Cells],
    largest: bool,
    data_type: &DataType,
) -> Result<Cells, Letter> {
    let mut columns = Vec::with_capacity(arguments.len());
    for cells in arguments {
        columns.push(widen(&cells.spread(batch.rows)?, data_type)?);
    }
    let converter = RowConverter::new(vec![SortField::new(data_type.arrow())]).map_err(internal)?;
    let keys = columns.iter().map(|column| converter.convert_columns(std::slice::from_ref(column)));
    let keys = keys.collect::<Result<Vec<_>, _>>().map_err(internal)?;
    let mut picks = Vec::with_capacity(batch.rows);
    for row in 0..batch.rows {
        let candidates = (0..columns.len()).filter(|column| columns[*column].is_valid(row));
        let best = candidates.reduce(|best, next| {
            let better = keys[next].row(row).cmp(&keys[best].row(row));
            let better = if largest { better.is_gt() } else { better.is_lt() };
            if better { next } else { best }
        });
        picks.push((best.unwrap_or(0), row));
    }
    let columns: Vec<&dyn Array> = columns.iter().map(AsRef::as_ref).collect();
    Ok(Cells::column(interleave(&columns, &picks).map_err(internal)?))
}

/// For each row, which evaluated array it takes its value from.
struct Picks {
    arrays: Vec<ArrayRef>,
    sources: Vec<Option<(usize, usize)>>,
}

impl Picks {
    fn new(rows: usize) -> Picks {
        Picks { arrays: Vec::new(), sources: vec![None; rows] }
    }

    fn evaluate(
        &mut self,
        batch: &mut Batch,
        node: &Node,
        rows: &[u32],
        data_type: &DataType,
    ) -> Result<ArrayRef, Letter> {
        let (values, _) = batch.part(rows)?.run(batch, node)?;
        let values = widen(&values, data_type)?;
        for (position, row) in rows.iter().enumerate() {
            self.sources[*row as usize] = Some((self.arrays.len(), position));
        }
        self.arrays.push(values.clone());
        Ok(values)
    }

    fn finish(mut self, data_type: &DataType) -> Result<Cells, Letter> {
        let nulls = self.arrays.len();
        self.arrays.push(new_null_array(&data_type.arrow(), 1));
        let sources: Vec<(usize, usize)> = self.sources.iter().map(|source| source.unwrap_or((nulls, 0))).collect();
        let arrays: Vec<&dyn Array> = self.arrays.iter().map(AsRef::as_ref).collect();
        Ok(Cells::column(interleave(&arrays, &sources).map_err(internal)?))
    }
}

/// Some rows of a batch as a batch of their own.
struct Part(Batch);

impl Part {
    /// Evaluates a node and hands the failures to the whole batch.
    fn run(mut self, whole: &mut Batch, node: &Node) -> Result<(ArrayRef, Part), Letter> {
        let values = self.0.node(node)?.spread(self.0.rows)?;
        whole.failures.append(&mut self.0.failures);
        Ok((values, self))
    }
}

impl Batch {
    fn part(&self, rows: &[u32]) -> Result<Part, Letter> {
        if rows.len() == self.rows {
            let (inputs, origin) = (self.inputs.clone(), self.origin.clone());
            return Ok(Part(Batch { inputs, rows: self.rows, origin, failures: Vec::new() }));
        }
        let inputs = self.inputs.iter().map(|input| gather(input, rows)).collect::<Result<Vec<_>, _>>()?;
        let origin = match &self.origin {
            None => rows.to_vec(),
            Some(origin) => rows.iter().map(|row| origin[*row as usize]).collect(),
        };
        Ok(Part(Batch { inputs, rows: rows.len(), origin: Some(origin), failures: Vec::new() }))
    }
}
