//! The templates as files: what JSON readers would pass over in silence.

use siem_parsers::{
    json::tape::{SHADOWED, Tape},
    schema::BASE_TEMPLATE,
    source::{LOG_TYPES, STATE_TEMPLATE},
};

#[test]
fn no_template_names_a_field_twice() {
    let logs = LOG_TYPES.iter().flat_map(|log| {
        [(log.template.name, log.template.component), (log.template.name, log.template.index)]
    });
    for (name, text) in logs.chain([("siem-loader-base", BASE_TEMPLATE), STATE_TEMPLATE]) {
        let mut tape = Tape::default();
        tape.read(text.as_bytes(), 0).unwrap();
        let nodes = (0..).map_while(|at| tape.get(at).map(|node| (at, node)));
        for (at, node) in nodes {
            // The first of two counts as replaced by the second.
            assert!(
                !node.is(SHADOWED),
                "{name}: {} comes twice in one object",
                String::from_utf8_lossy(tape.bytes(text.as_bytes(), at))
            );
        }
    }
}
