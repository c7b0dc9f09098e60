//! The packed rows of a database that may be damaged: patterns, differences, facts of passes.

use kernel::pass::PassFact;
use kernel::placement::{self, Coded, Difference, Pattern};

/// A packed pattern.
pub fn pattern(bytes: &[u8]) {
    let Some(pattern) = Pattern::unpack(bytes) else { return };
    let packed = pattern.pack();
    assert!(packed.len() <= bytes.len(), "more comes out than went in");
    assert_eq!(Pattern::unpack(&packed).as_ref(), Some(&pattern));
    // A report by it decodes, whatever the groups are.
    let draws = vec![None; pattern.groups.len()];
    let coded = Coded { pattern, units: vec![kernel::id::Id::of_row(1)], draws, differences: Vec::new() };
    let _ = (placement::decode(&coded.pattern, &coded.units, &coded.draws, &coded.differences), coded.accounted());
}

/// A packed difference.
pub fn difference(bytes: &[u8]) {
    let Some(difference) = Difference::unpack(bytes) else { return };
    let packed = difference.pack();
    assert!(packed.len() <= bytes.len(), "more comes out than went in");
    assert_eq!(Difference::unpack(&packed).as_ref(), Some(&difference));
    let _ = difference.departure.things();
}

/// The packed facts of a pass.
pub fn pass(bytes: &[u8]) {
    let Some(facts) = PassFact::unpack_all(bytes) else { return };
    let packed = PassFact::pack_all(&facts);
    assert!(packed.len() <= bytes.len(), "more comes out than went in");
    assert_eq!(PassFact::unpack_all(&packed), Some(facts));
}
