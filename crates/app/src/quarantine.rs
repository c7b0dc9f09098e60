//! Quarantine: what could not be understood is kept with its bytes and the reason, and can be read again after a fix.

use std::io;

use store::{QuarantineRow, WaitingStation};

use crate::answer::{Gap, Imported, Quarantined};
use crate::error::SiteError;
use crate::import::{Captured, Intake, MessageOutcome, Outcome};
use crate::own::Own;

/// Stations named one by one in the gaps of an answer.
const GAP_STATIONS_MAX: usize = 20;

/// A message in quarantine, as shown.
pub(crate) fn shown(row: QuarantineRow) -> Quarantined {
    Quarantined {
        id: row.id,
        received: row.received.to_string(),
        source: row.source,
        line: row.line,
        column: row.column,
        field: row.field,
        reason: row.reason,
        bytes: usize::try_from(row.bytes).unwrap_or(usize::MAX),
        state: if row.replayed { "replayed" } else { "waiting" }.to_owned(),
    }
}

/// What waits, as gaps of an answer: any of it could bear on any answer.
pub(crate) fn gaps(own: &Own) -> Result<Vec<Gap>, store::StoreError> {
    let waiting = own.store().waiting(GAP_STATIONS_MAX)?;
    let mut told = 0;
    let mut gaps: Vec<Gap> = waiting
        .stations
        .into_iter()
        .map(|WaitingStation { station, messages: count, first }| {
            told += count;
            let messages = if count == 1 { "1 message".to_owned() } else { format!("{count} messages") };
            let from = if station.is_empty() { "an unknown sender".to_owned() } else { format!("`{station}`") };
            Gap {
                kind: "Quarantined".to_owned(),
                text: format!(
                    "{messages} of {from} in quarantine could not be understood, the first is number {first}"
                ),
                station: (!station.is_empty()).then_some(station),
            }
        })
        .collect();
    if told < waiting.messages {
        gaps.push(Gap {
            kind: "Quarantined".to_owned(),
            station: None,
            text: format!("{} further messages of other stations are in quarantine", waiting.messages - told),
        });
    }
    Ok(gaps)
}

/// Reads one message again. When all of it is recorded, known or counted by now, it no longer waits.
pub(crate) fn replay(
    row: &QuarantineRow,
    bytes: &[u8],
    intake: &Intake<'_>,
    captured: &mut Captured,
) -> Result<(), SiteError> {
    if row.replayed {
        return Err(SiteError::Refused(format!("message {} of the quarantine was replayed already", row.id)));
    }
    let mut outcomes = Vec::new();
    let counts = intake.import(&mut io::Cursor::new(bytes), &mut |_| {}, &mut |outcome| outcomes.push(outcome))?;
    let good = |outcome: &MessageOutcome| !matches!(outcome.outcome, Outcome::Quarantined { .. });
    if !outcomes.is_empty() && outcomes.iter().all(good) {
        intake.own.store().replayed(&[row.id])?;
    }
    for outcome in &mut outcomes {
        if let Outcome::Quarantined { id, .. } = &mut outcome.outcome {
            *id = row.id;
        }
    }
    captured.messages.extend(outcomes);
    add(&mut captured.counts, counts);
    Ok(())
}

fn add(sum: &mut Imported, counts: Imported) {
    sum.messages += counts.messages;
    sum.recorded += counts.recorded;
    sum.duplicates += counts.duplicates;
    sum.quarantined += counts.quarantined;
    sum.heartbeats += counts.heartbeats;
    sum.contradictions += counts.contradictions;
}
