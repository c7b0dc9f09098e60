//! Pages without a browser: what they answer, in all states.
