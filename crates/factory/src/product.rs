//! Products: which part sits on which position of the board. They are all variants of the one real board, so that a designator means the same
//! place in all of them.

use serde::Deserialize;

use crate::board::{Board, PRODUCT, Part, Product, SUSPECT};
use crate::random::Random;

/// A product as a scenario describes it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProductPlan {
    /// Its name.
    pub name: String,
    /// What its programs, stencils and fixtures are called after.
    pub code: String,
    /// Share of the board's part numbers that are fitted.
    pub fitted: f64,
    /// Lines that build it, from 1; empty: all.
    pub lines: Vec<u32>,
    /// Panels of one of its work orders; zero: as many as usual.
    pub panels_per_order: u32,
    /// Part numbers that an engineering change replaces; zero: there is none.
    pub change_parts: u32,
    /// Work orders of a line that are still built to the old revision.
    pub change_after: u32,
}

impl Default for ProductPlan {
    fn default() -> Self {
        Self {
            name: PRODUCT.to_owned(),
            code: "TS53".to_owned(),
            fitted: 1.0,
            lines: Vec::new(),
            panels_per_order: 0,
            change_parts: 0,
            change_after: 2,
        }
    }
}

impl ProductPlan {
    /// Whether a line (from 1) builds it.
    pub(crate) fn is_built_on(&self, line: u32) -> bool {
        self.lines.is_empty() || self.lines.contains(&line)
    }
}

/// Which revisions of the planned product are in use: before and after the change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Revisions {
    pub(crate) first: u16,
    pub(crate) changed: Option<u16>,
}

impl Board {
    /// Adds alternates and makes the products of a plan; says which revisions each has.
    pub(crate) fn plan(&mut self, plans: &[ProductPlan], alternates: u32) -> Vec<Revisions> {
        let ranked = self.ranked();
        for part in ranked.iter().take(alternates as usize) {
            let alternate = self.second(*part, "ALT", "Second Source");
            self.alternates.insert(*part, alternate);
        }
        // The part with the bad lots stays what it is.
        let changing = ranked.into_iter().skip(alternates as usize);
        let changing: Vec<u16> = changing.filter(|part| self.parts[*part as usize].mpn != SUSPECT).collect();
        plans.iter().map(|plan| self.release(plan, &changing)).collect()
    }

    fn release(&mut self, plan: &ProductPlan, changing: &[u16]) -> Revisions {
        let seed = plan.name.bytes().fold(7u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let mut random = Random::new(seed);
        let chosen: Vec<bool> = self.parts.iter().map(|_| plan.fitted >= 1.0 || random.chance(plan.fitted)).collect();
        let parts: Vec<Option<u16>> =
            self.positions.iter().map(|position| Some(position.part).filter(|part| chosen[*part as usize])).collect();
        let first = self.products.len() as u16;
        self.products.push(Product::new(&plan.name, "", &plan.code, parts.clone()));
        if plan.change_parts == 0 {
            return Revisions { first, changed: None };
        }
        let old: Vec<u16> = changing
            .iter()
            .copied()
            .filter(|part| parts.contains(&Some(*part)))
            .take(plan.change_parts as usize)
            .collect();
        let mut parts = parts;
        for part in old {
            let new = self.second(part, "B", "");
            parts.iter_mut().filter(|other| **other == Some(part)).for_each(|other| *other = Some(new));
        }
        self.products.push(Product::new(&plan.name, "B", &plan.code, parts));
        Revisions { first, changed: Some(first + 1) }
    }

    /// Small parts that machines place, the most frequent first.
    fn ranked(&self) -> Vec<u16> {
        let mut counts = vec![0u32; self.parts.len()];
        self.positions.iter().for_each(|position| counts[position.part as usize] += 1);
        let mut ranked: Vec<u16> =
            (0..self.parts.len() as u16).filter(|part| self.parts[*part as usize].is_small()).collect();
        ranked.sort_by_key(|part| (std::cmp::Reverse(counts[*part as usize]), *part));
        ranked
    }

    /// Another part that may take the place of one.
    fn second(&mut self, part: u16, suffix: &str, manufacturer: &str) -> u16 {
        let first = self.parts[part as usize].clone();
        let number = format!("{}-{suffix}", first.number);
        if let Some(known) = self.parts.iter().position(|part| part.number == number) {
            return known as u16;
        }
        let manufacturer = if manufacturer.is_empty() { first.manufacturer } else { manufacturer.to_owned() };
        let mpn = format!("{}-{suffix}", first.mpn);
        self.parts.push(Part { number, manufacturer, mpn, ..self.parts[part as usize].clone() });
        (self.parts.len() - 1) as u16
    }
}
