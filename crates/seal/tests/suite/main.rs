//! The sealing crate at its borders: against other logs' data, against other crates, against a bad disk and a bad hand.

mod crosscheck;
mod durability;
mod fixture;
mod folder;
mod tampering;
mod texts;
mod vectors;
