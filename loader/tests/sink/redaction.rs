//! Reasons lose what they quote of documents.

use siem_loader::sink::{field_of, redact};

#[test]
fn reasons_lose_values_and_keep_fields() {
    let rows = [
        (
            "failed to parse field [n] of type [integer] in document with id 'a2'. Preview of field's value: 'SECRET'",
            "failed to parse field [n] of type [integer]",
            Some("n"),
        ),
        (
            "failed to parse field [n] of type [integer] in document with id 'object mapping for [SECRET] tried'",
            "failed to parse field [n] of type [integer]",
            Some("n"),
        ),
        ("For input string: \"SECRET\"", "For input string", None),
        (
            "object mapping for [o] tried to parse field [null] as object, but found a concrete value",
            "object mapping for [o] tried to parse field [null] as object, but found a concrete value",
            Some("o"),
        ),
        (
            "Document contains at least one immense term in field=\"rp._valueAndPath\" (whose UTF8 encoding is longer than the max length 32766), all of which were skipped.  Please correct the analyzer to not produce such terms.  The prefix of the first immense term is: '[83, 69, 67]...', original message: bytes can be at most 32766 in length; got 33006",
            "Document contains at least one immense term in field [rp] (over 32766 bytes)",
            Some("rp"),
        ),
        ("bytes can be at most 32766 in length; got 33006", "bytes can be at most 32766 in length", None),
        (
            "DocValuesField \"w\" is too large, must be <= 32766",
            "DocValuesField [w] is too large, must be <= 32766",
            Some("w"),
        ),
        (
            "mapping set to strict, dynamic introduction of [x] within [y] is not allowed",
            "mapping set to strict, dynamic introduction of [x] within [y] is not allowed",
            Some("y.x"),
        ),
        (
            "mapping set to strict, dynamic introduction of [x] within [_doc] is not allowed",
            "mapping set to strict, dynamic introduction of [x] within [_doc] is not allowed",
            Some("x"),
        ),
        (
            "Limit of total fields [1000] has been exceeded",
            "Limit of total fields [1000] has been exceeded",
            None,
        ),
        (
            "The depth of the field has exceeded the allowed limit of [20]. This limit can be set by changing the [index.mapping.depth.limit] index level setting.",
            "The depth of the field has exceeded the allowed limit of [20]. This limit can be set by changing the [index.mapping.depth.limit] index level setting",
            None,
        ),
        (
            "can't merge a non object mapping [rp] with an object mapping",
            "can't merge a non object mapping [rp] with an object mapping",
            Some("rp"),
        ),
        (
            "mapper [a] cannot be changed from type [long] to [text]",
            "mapper [a] cannot be changed from type [long] to [text]",
            Some("a"),
        ),
        (
            "failed to parse date field [SECRET] with format [x] with format [yyyy]",
            "failed to parse date field with format [yyyy]",
            None,
        ),
        ("Text 'SECRET' could not be parsed at index 0", "Text", None),
        ("'SECRET' is not an IP string literal.", "value is not an IP string literal", None),
        (
            "Failed to parse value [SECRET] as only [true] or [false] are allowed.",
            "value is not one of true and false",
            None,
        ),
        ("Value [1000000] is out of range for an integer", "Value is out of range for an integer", None),
        (
            "Numeric value (3000000000) out of range of `int` (-2147483648 - 2147483647)\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); byte offset: #15]",
            "Numeric value out of range of [int]",
            None,
        ),
        (
            "Current token (VALUE_TRUE) not of boolean type\n at [Source: x]",
            "Current token (VALUE_TRUE) not of boolean type",
            None,
        ),
        ("Can't get text on a START_OBJECT at 1:7", "Can't get text on a START_OBJECT", None),
        ("unsupported symbol [S] in geohash [SECRET]", "unsupported symbol", None),
        ("illegal latitude value [991.0] for g", "illegal latitude value", None),
        (
            "constant keyword field [ck] must have a value of [a]",
            "constant keyword field [ck] must have a value of",
            Some("ck"),
        ),
        ("[float] supports only finite values, but got [NaN]", "only finite values are supported", None),
        (
            "[rp] unexpected token [VALUE_STRING] in flat_object field value",
            "[rp] unexpected token [VALUE_STRING] in flat_object field value",
            Some("rp"),
        ),
        ("Duplicate Object property \"dup\"\n at [Source]", "Duplicate Object property", Some("dup")),
        ("Unexpected character ('S' (code 83)): was expecting comma", "Unexpected character", None),
        ("Unrecognized token 'SECRET': was expecting", "Unrecognized token", None),
        (
            "Illegal unquoted character ((CTRL-CHAR, code 9)): has to be escaped",
            "Illegal unquoted character",
            None,
        ),
        ("Invalid UTF-8 start byte 0xff", "Invalid UTF-8 start byte", None),
        (
            "Field [_id] is a metadata field and cannot be added inside a document. Use the index API request parameters.",
            "Field [_id] is a metadata field and cannot be added inside a document. Use the index API request parameters",
            Some("_id"),
        ),
        (
            "index [log-x] blocked by: [FORBIDDEN/8/index write (api)];",
            "index [log-x] blocked by: [FORBIDDEN/8/index write (api)]",
            None,
        ),
        (
            "[a1]: version conflict, document already exists (current version [1])",
            "version conflict, document already exists",
            None,
        ),
        (
            "no permissions for [indices:data/write/bulk[s], indices:admin/create] and User [name=u, backend_roles=[]]",
            "no permissions for [indices:data/write/bulk[s], indices:admin/create]",
            None,
        ),
        ("something new about 123456789012 and more", "something new about", None),
        ("something new about 10.0.0.1", "something new about", None),
        ("something new about SECRET@example.org", "something new about", None),
        ("closed", "closed", None),
        ("SECRET: 'x'", "SECRET", None),
        ("'SECRET'", "(only a value)", None),
        ("", "(only a value)", None),
    ];
    for (reason, redacted, field) in rows {
        assert_eq!(redact(reason), redacted, "{reason}");
        assert_eq!(field_of(reason).as_deref(), field, "{reason}");
    }
}

#[test]
fn names_of_fields_are_short_and_clean() {
    let reason =
        format!("failed to parse field [a\u{1b}[31m\r\u{202e}{}] of type [integer]", "x".repeat(5_000));
    let (field, shown) = (field_of(&reason), redact(&reason));
    assert!(field.is_none(), "a name longer than what is looked at is none");
    assert!(shown.chars().count() <= 300 && !shown.contains('\u{1b}'), "{shown}");
    let reason = format!("failed to parse field [a\u{1b}\r\u{202e}{}] of type [integer]", "é".repeat(500));
    let field = field_of(&reason).unwrap();
    assert_eq!(field.chars().count(), 120);
    assert!(!field.contains(['\u{1b}', '\r', '\u{202e}']));
}

#[test]
fn a_value_of_any_shape_stays_hidden() {
    let values = [
        "SECRET",
        "it's SECRET",
        "a' SECRET",
        "] of type [SECRET",
        "\"SECRET\"",
        "é] SECRET (",
        "x\nSECRET",
        "[[SECRET]]",
        "', SECRET '",
    ];
    let shapes = [
        "failed to parse field [n] of type [integer] in document with id '{}'. Preview of field's value: '{}'",
        "For input string: \"{}\"",
        "failed to parse date field [{}] with format [yyyy]",
        "Text '{}' could not be parsed, unparsed text found at index 3",
        "'{}' is not an IP string literal.",
        "Failed to parse value [{}] as only [true] or [false] are allowed.",
        "unsupported symbol [S] in geohash [{}]",
        "Unrecognized token '{}': was expecting (JSON String, Number)",
        "a message nobody knows: {}",
        "a message nobody knows [{}] behind",
        "a message nobody knows \"{}\" behind",
        "[{}] a message nobody knows",
        "Validation Failed: 1: id [{}] is too long, must be no longer than 512 bytes but was: 600;",
    ];
    for shape in shapes {
        for value in values {
            let reason = shape.replace("{}", value);
            assert!(!redact(&reason).contains("SECRET"), "{reason} -> {}", redact(&reason));
        }
    }
}
