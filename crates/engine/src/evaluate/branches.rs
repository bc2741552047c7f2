//! Functions that evaluate an argument only for the rows that take it: `when`, `if_then_else`, `coalesce`, `recover`.

use super::cells::Cells;
use super::{Batch, widen};
use crate::context::internal;
use crate::frame::gather;
use arrow::array::{Array, ArrayRef, AsArray, new_null_array};
use arrow::compute::interleave;
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

/// As `coalesce`, and a row for which an argument fails goes on to the next.
pub(super) fn recover(batch: &mut Batch, arguments: &[Node], data_type: &DataType) -> Result<Cells, Letter> {
    let before = std::mem::take(&mut batch.failures);
    let values = coalesce(batch, arguments, data_type);
    batch.failures = before;
    values
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
        if rows.len() != self.rows {
            return self.gathered(rows).map(Part);
        }
        let (inputs, parameters, origin) = (self.inputs.clone(), self.parameters.clone(), self.origin.clone());
        Ok(Part(Batch { inputs, parameters, rows: self.rows, origin, failures: Vec::new() }))
    }

    /// A batch of these rows, in this order; a row may be there several times.
    pub(super) fn gathered(&self, rows: &[u32]) -> Result<Batch, Letter> {
        let gathered = |columns: &Vec<ArrayRef>| columns.iter().map(|column| gather(column, rows)).collect();
        let inputs = gathered(&self.inputs)?;
        let parameters = self.parameters.iter().map(gathered).collect::<Result<_, _>>()?;
        let origin = Some(rows.iter().map(|row| self.original(*row as usize) as u32).collect());
        Ok(Batch { inputs, parameters, rows: rows.len(), origin, failures: Vec::new() })
    }
}
