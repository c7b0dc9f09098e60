//! What every handler gives.

use axum::Json;

use crate::problem::Problem;

/// The house's answer, as it is.
pub(super) type Answer<T> = Result<Json<T>, Problem>;
