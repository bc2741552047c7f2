//! New lists: of items that are picked by their place, and of strings.

use crate::context::internal;
use arrow::array::{ArrayRef, LargeListArray, LargeStringBuilder, UInt32Array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::take;
use arrow::datatypes::Field;
use creta_model::Letter;
use std::sync::Arc;

/// How long each list is, and which of them are null.
#[derive(Default)]
struct Shape {
    lengths: Vec<usize>,
    present: Vec<bool>,
}

impl Shape {
    fn lists(self, items: ArrayRef) -> Result<ArrayRef, Letter> {
        let field = Arc::new(Field::new("item", items.data_type().clone(), true));
        let nulls = Some(NullBuffer::from(self.present)).filter(|nulls| nulls.null_count() > 0);
        let list = LargeListArray::try_new(field, OffsetBuffer::from_lengths(self.lengths), items, nulls);
        Ok(Arc::new(list.map_err(internal)?))
    }
}

/// Lists of items that are picked from an array.
#[derive(Default)]
pub(crate) struct Picks {
    places: Vec<u32>,
    shape: Shape,
}

impl Picks {
    pub fn new() -> Picks {
        Picks::default()
    }

    pub fn null(&mut self) {
        self.shape.lengths.push(0);
        self.shape.present.push(false);
    }

    pub fn list(&mut self, items: impl Iterator<Item = usize>) {
        let before = self.places.len();
        self.places.extend(items.map(|item| item as u32));
        self.shape.lengths.push(self.places.len() - before);
        self.shape.present.push(true);
    }

    pub fn lists(self, items: &ArrayRef) -> Result<ArrayRef, Letter> {
        let items = take(items, &UInt32Array::from(self.places), None).map_err(internal)?;
        self.shape.lists(items)
    }
}

/// Lists of strings, item by item.
pub(in crate::evaluate) struct TextLists {
    items: LargeStringBuilder,
    pending: usize,
    shape: Shape,
}

impl TextLists {
    pub fn new() -> TextLists {
        TextLists { items: LargeStringBuilder::new(), pending: 0, shape: Shape::default() }
    }

    pub fn push(&mut self, item: Option<&str>) {
        self.items.append_option(item);
        self.pending += 1;
    }

    /// Ends a list. One that is null has no items.
    pub fn close(&mut self, is_there: bool) {
        self.shape.lengths.push(std::mem::take(&mut self.pending));
        self.shape.present.push(is_there);
    }

    pub fn finish(mut self) -> Result<ArrayRef, Letter> {
        let items: ArrayRef = Arc::new(self.items.finish());
        self.shape.lists(items)
    }
}
