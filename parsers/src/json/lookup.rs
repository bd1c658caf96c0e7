//! The members of one object by name, for objects that are asked for dozens of names.

use super::{keys, tape::EMPTY, write::Record};

/// Places of the table. The keys of a finding, twenty or thirty, have one each but for one or two.
const PLACES: usize = 256;

/// In the table: several keys have this place.
const SHARED: u32 = u32::MAX;

/// Where the members of an object are, after one walk over it: [`super::tape::Tape::member`] walks for each name.
///
/// Of names that somebody chose to share places each costs a walk again, as without the table.
#[derive(Debug, Clone)]
pub(crate) struct Lookup {
    object: usize,
    /// By tag: the node of the key, 0 where there is none (node 0 is no key), [`SHARED`].
    places: [u32; PLACES],
}

impl Lookup {
    /// Of an object; of anything else it has none.
    pub(crate) fn of(record: &Record<'_>, object: usize) -> Self {
        let mut places = [0; PLACES];
        for (key, _) in record.tape.members(object) {
            let place = record.tape.get(key).and_then(|node| places.get_mut(usize::from(node.tag) % PLACES));
            if let (Some(place), Ok(key)) = (place, u32::try_from(key)) {
                *place = if *place == 0 { key } else { SHARED };
            }
        }
        Self { object, places }
    }

    /// The value of a member, as [`super::tape::Tape::member`] finds it. `record` is the one that this was made of.
    pub(crate) fn raw(&self, record: &Record<'_>, name: &str) -> Option<usize> {
        let tag = keys::tag(name.as_bytes());
        match *self.places.get(usize::from(tag) % PLACES)? {
            0 => None,
            SHARED => record.tape.member(record.json, self.object, name),
            key => {
                let key = key as usize;
                let same = record.tape.get(key)?.tag == tag && keys::same(record.bytes(key), name.as_bytes());
                same.then_some(key + 1)
            }
        }
    }

    /// The value of a member that is there and not empty, as [`Record::member`] finds it.
    pub(crate) fn member(&self, record: &Record<'_>, name: &str) -> Option<usize> {
        let value = self.raw(record, name)?;
        (!record.tape.get(value)?.is(EMPTY)).then_some(value)
    }
}
