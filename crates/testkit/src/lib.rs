//! Builders, random factory histories and the naive oracle. For tests only.

pub mod build;

pub mod folder;

pub mod random;

pub mod history;

pub mod oracle;
