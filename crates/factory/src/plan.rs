//! Which machine of a line places which position, from which slot: the feeders and programs of all products.

use std::collections::HashMap;

use crate::board::{Board, Side};
use crate::panel::BOARDS;
use crate::placer::{Placer, Setup, Slot, index};
use crate::station::PLACERS;

/// Parts that ride on a trolley from machine two (bottom) to machine three (top).
const TROLLEY_PARTS: usize = 5;

/// How many of each part a board has at most, by side.
fn counts(board: &Board) -> Vec<[u32; 2]> {
    let mut most = vec![[0u32; 2]; board.parts.len()];
    for product in &board.products {
        let mut counts = vec![[0u32; 2]; board.parts.len()];
        for (position, part) in board.positions.iter().zip(&product.parts) {
            if let (Some(part), true) = (part, position.side != Side::Hand) {
                counts[*part as usize][index(position.side)] += 1;
            }
        }
        for (most, count) in most.iter_mut().zip(counts) {
            *most = [most[0].max(count[0]), most[1].max(count[1])];
        }
    }
    most
}

/// Splits the positions of both sides between the machines of a line, by part.
pub(crate) fn plan(board: &Board, tag: &str) -> Vec<Placer> {
    let counts = counts(board);
    let setups = board.products.len() * 2;
    let mut parts: Vec<usize> = (0..counts.len()).filter(|part| counts[*part] != [0, 0]).collect();
    parts.sort_by_key(|part| std::cmp::Reverse((counts[*part][0] + counts[*part][1], *part)));
    let placer =
        |machine| Placer { machine, stages: vec![Vec::new(); setups], tag: tag.to_owned(), ..Placer::default() };
    let mut machines: Vec<Placer> = (0..PLACERS.len()).map(placer).collect();
    let mut load = [0u32; 3];
    let mut trolley = 0;
    // Slots of a part on a side: (machine, slots).
    let mut homes: HashMap<(usize, usize), (usize, Vec<u16>)> = HashMap::new();
    for part in parts {
        let total = counts[part][0] + counts[part][1];
        let machine = if board.parts[part].is_small() {
            let lightest = (0..3).min_by_key(|machine| load[*machine]).unwrap_or(0);
            load[lightest] += total;
            lightest
        } else {
            3
        };
        let rides = machine == 1 && trolley < TROLLEY_PARTS && total < 60 && counts[part][0] > 0 && counts[part][1] > 0;
        let feeders = if total >= 80 { 2 } else { 1 };
        for (side, count) in counts[part].into_iter().enumerate() {
            if count == 0 {
                continue;
            }
            let machine = if rides && side == 1 { 2 } else { machine };
            if let Some((_, home)) = homes.get(&(part, 0)).filter(|(home, _)| side == 1 && *home == machine) {
                let home = home.clone();
                homes.insert((part, 1), (machine, home));
                continue;
            }
            let mut home = Vec::new();
            for feeder in 0..feeders {
                let slots = &mut machines[machine].slots;
                let number = slots.len() + 1;
                home.push(slots.len() as u16);
                slots.push(Slot {
                    location: format!("P{}-{number:02}", machine + 1),
                    name: format!("SLOT{number:02}"),
                    feeder: if rides {
                        format!("{tag}FDR-T{trolley:02}")
                    } else {
                        format!("{tag}FDR-{}{part:02}{feeder}", machine + 1)
                    },
                    trolley: rides.then(|| format!("{tag}TROLLEY-07")),
                    part: part as u16,
                    active: None,
                    trailing: None,
                    grey: 0,
                    demand: vec![0; setups],
                });
            }
            homes.insert((part, side), (machine, home));
        }
        trolley += usize::from(rides);
    }
    let products = 0..board.products.len() as u16;
    let all = products.flat_map(|product| [Side::Bottom, Side::Top].map(|side| Setup { product, side }));
    for setup in all {
        let (s, side) = (setup.index(), setup.side);
        let parts = &board.products[setup.product as usize].parts;
        let mut turns = HashMap::new();
        let mut programs: Vec<Vec<(u16, u16)>> = vec![Vec::new(); 4];
        for (number, _) in board.positions.iter().enumerate().filter(|(_, position)| position.side == side) {
            let Some(part) = parts[number] else { continue };
            let Some((machine, home)) = homes.get(&(part as usize, index(side))) else { continue };
            let turn = turns.entry(part).or_insert(0usize);
            let slot = home[*turn % home.len()];
            *turn += 1;
            machines[*machine].slots[slot as usize].demand[s] += BOARDS;
            programs[*machine].push((number as u16, slot));
        }
        for (machine, program) in programs.into_iter().enumerate() {
            let half = program.len() / 2;
            machines[machine].stages[s] =
                if machine == 2 { vec![program[..half].to_vec(), program[half..].to_vec()] } else { vec![program] };
        }
    }
    machines
}
