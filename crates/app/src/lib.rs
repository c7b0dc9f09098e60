//! Use cases: record, trace, where-used, notary.
