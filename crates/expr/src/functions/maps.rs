//! Maps, and constants that map.

use super::family;
use super::signature::Kind::{Int, List};
use super::signature::{ITEM, Kind, LIST, OTHER, fixed};

const MAP: Kind = Kind::Map(&ITEM, &OTHER);

family! {
    /// Maps, and constants that map.
    Map {
        Get "map_get": fixed(&[MAP, ITEM], OTHER);
        FromArrays "map_from_arrays": fixed(&[LIST, List(&OTHER)], MAP);
        Keys "map_keys": fixed(&[MAP], LIST);
        Values "map_values": fixed(&[MAP], List(&OTHER));
        Dict "map_dict": fixed(&[MAP, ITEM, OTHER], OTHER).optional(1);
        OrdinalEncode "ordinal_encode": fixed(&[ITEM, LIST, Int], Int).optional(1);
    }
}
