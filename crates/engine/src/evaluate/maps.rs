//! Maps, and constants that map.

use super::call::Call;
use super::cells::{Cells, Read};
use super::lists::Keys;
use crate::context::internal;
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, LargeListArray, MapArray, StructArray, UInt32Array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{interleave, take};
use arrow::datatypes::{DataType as ArrowType, Field};
use creta_expr::functions::Map;
use creta_model::Letter;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

pub(super) fn call(function: Map, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    match function {
        Map::Get => get(call),
        Map::Keys | Map::Values => parts(function, call),
        Map::FromArrays => from_arrays(call),
        Map::Dict => dict(call),
        Map::OrdinalEncode => ordinals(call),
    }
}

fn map_of(cells: &Cells) -> Result<&MapArray, Letter> {
    cells.array().as_map_opt().ok_or_else(|| internal("not a map"))
}

/// The entries of a row; None for a null.
fn entries(map: &MapArray, cells: &Cells, row: usize) -> Option<Range<usize>> {
    let row = if cells.is_scalar() { 0 } else { row };
    let offsets = map.value_offsets();
    map.is_valid(row).then(|| offsets[row] as usize..offsets[row + 1] as usize)
}

/// The place of a row's key among the entries of its map, where the map and the key are there.
fn found(call: &Call<'_>) -> Result<Vec<Option<Option<u32>>>, Letter> {
    let (cells, wanted) = (call.argument(0)?, call.argument(1)?);
    let map = map_of(cells)?;
    let keys = Keys::of(&[map.keys().clone(), wanted.array().clone()])?;
    let constant = cells.is_scalar().then(|| entries(map, cells, 0)).flatten();
    // The map is a constant: its keys are looked up by their hash. Of equal keys the last counts.
    let known: Option<HashMap<_, _>> =
        constant.map(|entries| entries.map(|entry| (keys.get(0, entry), entry as u32)).collect());
    let place = |row: usize| {
        let key = keys.get(1, if wanted.is_scalar() { 0 } else { row });
        key?;
        match &known {
            Some(known) => Some(known.get(&key).copied()),
            None => {
                let mut entries = entries(map, cells, row)?;
                Some(entries.rfind(|entry| keys.get(0, *entry) == key).map(|entry| entry as u32))
            }
        }
    };
    Ok((0..call.rows).map(place).collect())
}

fn get(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let picks: UInt32Array = found(call)?.into_iter().map(Option::flatten).collect();
    take(map_of(call.argument(0)?)?.values(), &picks, None).map_err(internal)
}

/// `map_dict(map, key, default)`: the default for keys that are not there, not for null ones.
fn dict(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    if call.arguments.len() < 3 {
        return get(call);
    }
    let values = map_of(call.argument(0)?)?.values();
    let defaults = call.argument(2)?;
    let missing = arrow::array::new_null_array(values.data_type(), 1);
    let others = arrow::compute::cast(defaults.array(), values.data_type()).map_err(internal)?;
    let picks = found(call)?.into_iter().enumerate().map(|(row, found)| match found {
        None => (0, 0),
        Some(None) => (2, if defaults.is_scalar() { 0 } else { row }),
        Some(Some(entry)) => (1, entry as usize),
    });
    interleave(&[missing.as_ref(), values.as_ref(), others.as_ref()], &picks.collect::<Vec<_>>()).map_err(internal)
}

fn parts(function: Map, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let map = map_of(call.argument(0)?)?;
    let items = if function == Map::Keys { map.keys() } else { map.values() };
    let field = Arc::new(Field::new("item", items.data_type().clone(), true));
    let offsets = OffsetBuffer::new(map.value_offsets().iter().map(|offset| i64::from(*offset)).collect());
    let list = LargeListArray::try_new(field, offsets, items.clone(), map.nulls().cloned());
    Ok(Arc::new(list.map_err(internal)?))
}

/// Of equal keys the last value counts, at the place of the first.
fn from_arrays(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let (names, values) = (call.lists(0)?, call.lists(1)?);
    let keys = Keys::of(&[names.items().clone()])?;
    let (mut name_picks, mut value_picks, mut lengths, mut present) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in 0..call.rows {
        let outcome = match (names.get(row), values.get(row)) {
            (Some(names), Some(values)) if names.len() != values.len() => Err("the lists differ in length"),
            (Some(names), Some(_)) if names.clone().any(|name| keys.get(0, name).is_none()) => {
                Err("a key cannot be null")
            }
            (Some(names), Some(values)) => Ok(Some((names, values))),
            _ => Ok(None),
        };
        let pairs = call.settle(row, outcome);
        present.push(pairs.is_some());
        let before = name_picks.len();
        let mut places = HashMap::new();
        for (name, value) in pairs.into_iter().flat_map(|(names, values)| names.zip(values)) {
            let place = *places.entry(keys.get(0, name)).or_insert(name_picks.len());
            if place == name_picks.len() {
                name_picks.push(name as u32);
                value_picks.push(value as u32);
            } else {
                value_picks[place] = value as u32;
            }
        }
        lengths.push(name_picks.len() - before);
    }
    let name_column = take(names.items(), &UInt32Array::from(name_picks), None).map_err(internal)?;
    let value_column = take(values.items(), &UInt32Array::from(value_picks), None).map_err(internal)?;
    let ArrowType::Map(field, _) = call.data_type.arrow() else { return Err(internal("not a map")) };
    let ArrowType::Struct(fields) = field.data_type() else { return Err(internal("not a map")) };
    let entries = StructArray::try_new(fields.clone(), vec![name_column, value_column], None).map_err(internal)?;
    let nulls = Some(NullBuffer::from(present));
    let map = MapArray::try_new(field, OffsetBuffer::from_lengths(lengths), entries, nulls, false);
    Ok(Arc::new(map.map_err(internal)?))
}

/// The first position in a list of options, or the default.
fn ordinals(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let (wanted, options) = (call.argument(0)?, call.lists(1)?);
    let defaults = call.optional(2, Call::ints)?;
    let keys = Keys::of(&[options.items().clone(), wanted.array().clone()])?;
    let mut known: HashMap<Range<usize>, HashMap<Option<&[u8]>, i64>> = HashMap::new();
    let mut cells = Vec::with_capacity(call.rows);
    for row in 0..call.rows {
        let key = keys.get(1, if wanted.is_scalar() { 0 } else { row });
        let (Some(_), Some(range)) = (key, options.get(row)) else {
            cells.push(None);
            continue;
        };
        let places = known.entry(range.clone()).or_insert_with(|| {
            // From the end, so that of equal options the first stays.
            range.enumerate().rev().map(|(place, item)| (keys.get(0, item), place as i64)).collect()
        });
        let default = || defaults.as_ref().and_then(|defaults| defaults.get(row));
        cells.push(places.get(&key).copied().or_else(default));
    }
    Ok(Arc::new(Int64Array::from(cells)))
}
