//! Board data: real boards, one case for each shape of file, and bytes that mean nothing.

mod cases;
mod robustness;
mod samples;
