//! Builders, fake clock and oracle for tests.
