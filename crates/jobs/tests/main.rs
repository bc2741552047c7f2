//! Background work against stores in memory: nothing is lost, nothing is done twice, everything comes to an end.

mod fakes;
mod log_to_stores;
mod tasks;
mod training;
