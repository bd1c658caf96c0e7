//! What decides how the document of a row looks, apart from the values that only stand in it.

use std::ops::Range;

use super::{
    columns::{Column, Plan},
    row::is_empty,
};
use crate::json::text::Digits;

/// Which columns of a row have a value, and which values are what their columns ask for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Look {
    /// A bit for each of the first columns that has a value.
    here: u64,
    /// A bit for each of these whose value is what its type asks for: an address, a number of 64 bits.
    fits: u64,
}

/// Columns that a look keeps in mind; AWS knows some forty.
pub(super) const LOOKED_AT: usize = u64::BITS as usize;

impl Look {
    /// At the fields of a row. `digits` are those of `base`, where they are known.
    pub(super) fn at(plan: &Plan, fields: &[Range<usize>], base: &[u8], digits: Option<&Digits>) -> Self {
        let (mut here, mut fits, mut bit) = (0, 0, 1);
        for (column, field) in plan.columns.iter().zip(fields).take(LOOKED_AT) {
            let value = base.get(field.clone()).unwrap_or_default();
            here |= if is_empty(value) { 0 } else { bit };
            fits |= if column.fits(base, field, digits) { bit } else { 0 };
            bit <<= 1;
        }
        Self { here, fits: fits & here }
    }

    /// Whether a column has a value, and whether that fits.
    pub(super) fn of(&self, number: usize, column: &Column, value: &[u8]) -> (bool, bool) {
        if number < LOOKED_AT {
            (self.here >> number & 1 == 1, self.fits >> number & 1 == 1)
        } else {
            (!is_empty(value), column.fits(value, &(0..value.len()), None))
        }
    }
}

/// What the documents of two rows must have in common to differ in nothing but the values that stand in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    here: u64,
    fits: u64,
    /// The values of [`Plan::literals`], filled up with zeros.
    literals: [u64; 4],
    /// Which of the four addresses are the same as an earlier one.
    same: u8,
    /// Of a transit gateway.
    transit: bool,
    /// Month of the index.
    month: (i64, i64),
}

impl Shape {
    /// Of a row with a field for each column, none of which has a control character. None where it is no usual one.
    pub(super) fn of(
        plan: &Plan,
        fields: &[Range<usize>],
        base: &[u8],
        look: Look,
        transit: bool,
        month: (i64, i64),
    ) -> Option<Self> {
        let Look { here, fits } = look;
        let value = |column: Option<usize>| {
            let place = fields.get(column.filter(|&column| here >> column & 1 == 1)?)?;
            base.get(place.clone())
        };
        // It is taken for none.
        if plan.columns.len() > LOOKED_AT || value(plan.account) == Some(b"unknown") {
            return None;
        }
        let mut literals = [0; 4];
        for (literal, column) in literals.iter_mut().zip(plan.literals) {
            if let Some(text) = value(column) {
                *literal = word(text)?;
            }
        }
        let addresses = plan.addresses.map(value);
        let mut same = 0;
        for (place, address) in addresses.iter().enumerate().skip(1).filter(|(_, a)| a.is_some()) {
            let first = addresses.iter().take(place).position(|a| a == address);
            same |= first.map_or(0, |first| first as u8 + 1) << (2 * (place - 1));
        }
        Some(Self { here, fits, literals, same, transit, month })
    }
}

/// A text of up to eight bytes as a number, which no other text has: none has zeros.
fn word(text: &[u8]) -> Option<u64> {
    // Both ends, which may overlap.
    let both = |low: u64, high: u64, width: usize| low | high << (8 * (text.len() - width));
    Some(match (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        (Some(low), Some(high)) if text.len() <= 8 => {
            both(u32::from_le_bytes(*low).into(), u32::from_le_bytes(*high).into(), 4)
        }
        (None, _) => text.iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte)),
        _ => return None,
    })
}
