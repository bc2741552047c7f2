//! The byte model: attributes, byte strings and nested models behind a fixed magic, all lengths 64-bit big-endian.

use creta_model::{Code, Letter};
use serde_json::{Map, Value};

/// The first bytes of every model.
pub const MAGIC: &[u8] = b"CHALK_BYTE_TRANSMISSION";

/// Nested models may not be deeper than this; published clients use two levels.
const DEEPEST: usize = 8;

/// One model. The order of keys is the order of the bytes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ByteModel {
    pub attributes: Map<String, Value>,
    pub bytes: Vec<(String, Vec<u8>)>,
    pub nested: Vec<(String, ByteModel)>,
}

impl ByteModel {
    /// The bytes of the model.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode_into(&mut out);
        out
    }

    fn encode_into(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(MAGIC);
        section(out, &self.attributes);
        section(out, &Map::new());
        section(out, &lengths(self.bytes.iter().map(|(name, bytes)| (name, bytes.len()))));
        for (_, bytes) in &self.bytes {
            out.extend_from_slice(bytes);
        }
        let nested: Vec<(&String, Vec<u8>)> = self.nested.iter().map(|(name, model)| (name, model.encode())).collect();
        section(out, &lengths(nested.iter().map(|(name, bytes)| (*name, bytes.len()))));
        for (_, bytes) in nested {
            out.extend_from_slice(&bytes);
        }
    }

    /// Reads a model; bytes after it are ignored.
    pub fn decode(bytes: &[u8]) -> Result<ByteModel, Letter> {
        decode(&mut Reader { rest: bytes }, DEEPEST)
    }

    /// The byte string of that name.
    pub fn take(&mut self, name: &str) -> Option<Vec<u8>> {
        self.bytes.iter_mut().find(|(known, _)| known == name).map(|(_, bytes)| std::mem::take(bytes))
    }
}

fn lengths<'a>(named: impl Iterator<Item = (&'a String, usize)>) -> Map<String, Value> {
    named.map(|(name, length)| (name.clone(), Value::from(length))).collect()
}

fn section(out: &mut Vec<u8>, object: &Map<String, Value>) {
    let start = out.len();
    out.extend_from_slice(&[0; 8]);
    // Writing JSON into memory cannot fail: keys are text.
    serde_json::to_writer(&mut *out, object).ok();
    let length = (out.len() - start - 8) as u64;
    out[start..start + 8].copy_from_slice(&length.to_be_bytes());
}

fn decode(reader: &mut Reader<'_>, depth: usize) -> Result<ByteModel, Letter> {
    if reader.take(MAGIC.len() as u64)? != MAGIC {
        return Err(malformed("it does not begin with the byte model's magic"));
    }
    let attributes = reader.object()?;
    reader.object()?;
    let mut bytes = Vec::new();
    for (name, length) in reader.lengths()? {
        bytes.push((name, reader.take(length)?.to_vec()));
    }
    let mut nested = Vec::new();
    for (name, length) in reader.lengths()? {
        let mut inner = Reader { rest: reader.take(length)? };
        let deeper = depth.checked_sub(1).ok_or_else(|| malformed("its models are nested too deeply"))?;
        nested.push((name, decode(&mut inner, deeper)?));
    }
    Ok(ByteModel { attributes, bytes, nested })
}

/// Takes length-prefixed parts off the front of a body; never reads past its end, whatever the lengths say.
pub(crate) struct Reader<'a> {
    pub(crate) rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn take(&mut self, length: u64) -> Result<&'a [u8], Letter> {
        let length = usize::try_from(length).ok().filter(|length| *length <= self.rest.len());
        let Some(length) = length else { return Err(malformed("it ends in the middle of a part")) };
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        Ok(taken)
    }

    /// A part with its length before it.
    pub(crate) fn part(&mut self) -> Result<&'a [u8], Letter> {
        let mut length = [0; 8];
        length.copy_from_slice(self.take(8)?);
        self.take(u64::from_be_bytes(length))
    }

    fn object(&mut self) -> Result<Map<String, Value>, Letter> {
        serde_json::from_slice(self.part()?).map_err(|_| malformed("one of its parts should be a JSON object"))
    }

    fn lengths(&mut self) -> Result<Vec<(String, u64)>, Letter> {
        let number = |(name, length): (String, Value)| match length.as_u64() {
            Some(length) => Ok((name, length)),
            None => Err(malformed("a length is not a whole number")),
        };
        self.object()?.into_iter().map(number).collect()
    }
}

fn malformed(why: &str) -> Letter {
    Letter::new(Code::MalformedRequest, format!("The binary body cannot be read: {why}."))
}
