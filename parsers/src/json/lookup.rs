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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::tape::Tape;

    /// With members that are empty, come again or have escapes, and with more of them than there are places.
    #[test]
    #[allow(clippy::unwrap_used, reason = "a test may fail")]
    fn members_are_those_of_the_tape() {
        for count in [0, 1, 20, 300, 2000] {
            let many: String = (0..count).map(|n| format!(r#""name{n}":{n},"#)).collect();
            let json = format!(r#"{{{many}"a":1,"b":"","a":null,"\u0063":2,"c":[],"":3,"name1":{{"d":4}}}}"#);
            let mut tape = Tape::default();
            tape.read(json.as_bytes(), 0).unwrap();
            let record = Record { json: json.as_bytes(), tape: &tape };
            let lookup = Lookup::of(&record, 0);
            let names = (0..count + 50).map(|n| format!("name{n}"));
            for name in names.chain(["a", "b", "c", "", "d", r"\u0063"].map(str::to_owned)) {
                assert_eq!(lookup.raw(&record, &name), tape.member(record.json, 0, &name), "{name}");
                assert_eq!(lookup.member(&record, &name), record.member(0, &name), "{name}");
            }
            assert_eq!(Lookup::of(&record, 2).raw(&record, "a"), None, "no object");
        }
    }
}
