//! Builders, random factory histories and the naive oracle. For tests only.

pub mod build;

pub mod random;

pub mod history;

pub mod oracle;
