//! The CFX adapter at its border: published messages in, stored events out.

mod cases;
mod damage;
mod forms;
mod lossless;
mod sample;
mod veil;
