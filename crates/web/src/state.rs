//! What every handler is handed: the house, its pulse and the limits.

use std::sync::Arc;

use crate::house::House;
use crate::problem::Problem;
use crate::pulse::Pulse;

#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) house: Arc<dyn House>,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) body_bytes_max: usize,
}

impl Desk {
    /// Asks the house on a thread that may block.
    pub(crate) async fn ask<T, E, F>(&self, question: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: Send + 'static,
        Problem: From<E>,
        F: FnOnce(&dyn House) -> Result<T, E> + Send + 'static,
    {
        let house = Arc::clone(&self.house);
        match tokio::task::spawn_blocking(move || question(house.as_ref())).await {
            Ok(answer) => answer.map_err(Problem::from),
            Err(panic) => Err(Problem::fault(&panic)),
        }
    }
}
