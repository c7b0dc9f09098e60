//! The events, the read models and the only SQL.
