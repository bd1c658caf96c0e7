//! JSON text with slots: `{"bucketName":"<bucket>","size":<int:0-900>}`.
//!
//! | slot | writes |
//! |---|---|
//! | `<bucket>`, `<role>` … | a name of that pool of the [`World`]; the same one throughout an event |
//! | `<account>` `<region>` `<caller>` `<session>` `<ip>` | who calls from where |
//! | `<time>` `<expiry>` `<millis>` `<day>` | the event's instant, an hour later, as number, as `2026/03/01` |
//! | `<uuid>` `<hex:N>` `<b64:N>` `<up:N>` `<int:A-B>` `<public>` `<private>` | something fresh |
//! | `<pick:a\|b>` | one of the texts, which may hold slots |
//! | `<list:A-B\|text>` | the text A to B times, with commas between |
//! | `<policy:A-B>` | a policy document of A to B statements, escaped for a JSON string |
//! | `<x=uuid>` … `<x>` | a slot whose text is kept under a letter (w, x, y, z), and the same text again |

use std::io::Write as _;

use crate::{
    clock,
    rng::Rng,
    world::{Pool, Session, World},
};

/// A compiled template.
#[derive(Clone, Debug, Default)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    Text(&'static str),
    Pool(Pool),
    Account,
    Region,
    Caller,
    Session,
    Ip,
    Time,
    Expiry,
    Millis,
    Day,
    Uuid,
    Hex(u64),
    Base64(u64),
    Upper(u64),
    Int(u64, u64),
    Public,
    Private,
    Pick(Vec<Template>),
    List(u64, u64, Template),
    Policy(u64, u64),
    Keep(usize, Template),
    Again(usize),
}

/// Everything the slots of one event draw from.
#[derive(Debug)]
pub struct Scene<'a> {
    /// Source of chance.
    pub rng: &'a mut Rng,
    /// Names of things; none while the world itself is made.
    pub world: &'a World,
    /// Who calls.
    pub session: &'a Session,
    /// Account in whose trail the event is.
    pub account: &'a str,
    /// Region in whose trail the event is.
    pub region: &'a str,
    /// Seconds since 1970.
    pub now: u64,
    /// What was drawn before in this event, by pool.
    pub drawn: [Option<usize>; Pool::COUNT],
    /// Texts kept under a letter.
    pub kept: [Vec<u8>; 4],
}

impl Template {
    /// Compiles `text`; what is in brackets and no slot stays as it is: `<sensitiveDataRemoved>`.
    #[must_use]
    pub fn new(text: &'static str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('<') {
            let Some((slot, behind)) = split_slot(after) else { break };
            if !before.is_empty() {
                pieces.push(Piece::Text(before));
            }
            let whole = rest.get(before.len()..before.len() + slot.len() + 2).unwrap_or(slot);
            pieces.push(piece(slot).unwrap_or(Piece::Text(whole)));
            rest = behind;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest));
        }
        Self(pieces)
    }

    /// Compiles texts that are written one after the other; no slot may reach over two of them.
    #[must_use]
    pub fn parts(texts: &[&'static str]) -> Self {
        Self(texts.iter().flat_map(|text| Self::new(text).0).collect())
    }

    /// True if it writes nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes the text with all slots filled.
    pub fn write(&self, out: &mut Vec<u8>, scene: &mut Scene<'_>) {
        for piece in &self.0 {
            piece.write(out, scene);
        }
    }
}

impl Piece {
    fn write(&self, out: &mut Vec<u8>, scene: &mut Scene<'_>) {
        match self {
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
            Self::Pool(pool) => out.extend_from_slice(pooled(*pool, scene).as_bytes()),
            Self::Account => out.extend_from_slice(scene.account.as_bytes()),
            Self::Region => out.extend_from_slice(scene.region.as_bytes()),
            Self::Caller => out.extend_from_slice(scene.session.arn.as_bytes()),
            Self::Session => out.extend_from_slice(scene.session.name.as_bytes()),
            Self::Ip => out.extend_from_slice(scene.session.address.as_bytes()),
            Self::Time => clock::write_iso(out, scene.now),
            Self::Expiry => clock::write_expiry(out, scene.now + 3600),
            Self::Millis => {
                let _ = write!(out, "{}", scene.now * 1000 + scene.rng.below(1000));
            }
            Self::Day => {
                let day = clock::civil(scene.now);
                let _ = write!(out, "{:04}/{:02}/{:02}", day.year, day.month, day.day);
            }
            Self::Uuid => uuid(out, scene.rng),
            Self::Hex(count) => letters(out, scene.rng, b"0123456789abcdef", *count),
            Self::Base64(count) => letters(out, scene.rng, BASE64, *count),
            Self::Upper(count) => letters(out, scene.rng, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", *count),
            Self::Int(low, high) => {
                let _ = write!(out, "{}", scene.rng.between(*low, *high));
            }
            Self::Public => {
                let [a, b, c, d] = [scene.rng.between(12, 99), 0, 0, 0].map(|n| n + scene.rng.below(100));
                let _ = write!(out, "{a}.{b}.{c}.{}", d + 1);
            }
            Self::Private => {
                let _ = write!(
                    out,
                    "10.{}.{}.{}",
                    scene.rng.below(4),
                    scene.rng.below(250),
                    scene.rng.between(4, 250)
                );
            }
            Self::Pick(choices) => {
                let index = scene.rng.below(choices.len() as u64) as usize;
                if let Some(choice) = choices.get(index) {
                    choice.write(out, scene);
                }
            }
            Self::List(low, high, item) => {
                for index in 0..scene.rng.between(*low, *high) {
                    if index > 0 {
                        out.push(b',');
                    }
                    item.write(out, scene);
                }
            }
            Self::Policy(low, high) => policy(out, scene, *low, *high),
            Self::Keep(place, slot) => {
                let start = out.len();
                slot.write(out, scene);
                let text = out.get(start..).unwrap_or_default();
                if let Some(kept) = scene.kept.get_mut(*place) {
                    kept.clear();
                    kept.extend_from_slice(text);
                }
            }
            Self::Again(place) => {
                out.extend_from_slice(scene.kept.get(*place).map(Vec::as_slice).unwrap_or_default());
            }
        }
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Splits `slot>rest` at the bracket that closes the slot.
fn split_slot(text: &'static str) -> Option<(&'static str, &'static str)> {
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '<' => depth += 1,
            '>' if depth == 0 => return Some((text.get(..at)?, text.get(at + 1..)?)),
            '>' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Splits at every `|` outside inner slots.
fn choices(text: &'static str) -> Vec<Template> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, letter) in text.char_indices() {
        match letter {
            '<' => depth += 1,
            '>' => depth -= 1,
            '|' if depth == 0 => {
                found.push(Template::new(text.get(start..at).unwrap_or_default()));
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(Template::new(text.get(start..).unwrap_or_default()));
    found
}

fn range(text: &str) -> Option<(u64, u64)> {
    let (low, high) = text.split_once('-')?;
    Some((low.parse().ok()?, high.parse().ok()?))
}

fn letter(text: &str) -> Option<usize> {
    ["w", "x", "y", "z"].iter().position(|name| *name == text)
}

fn piece(slot: &'static str) -> Option<Piece> {
    if let Some((name, inner)) = slot.split_once('=')
        && let Some(place) = letter(name)
    {
        return Some(Piece::Keep(place, Template(vec![piece(inner)?])));
    }
    if let Some(place) = letter(slot) {
        return Some(Piece::Again(place));
    }
    let (name, argument) = slot.split_once(':').unwrap_or((slot, ""));
    Some(match name {
        "account" => Piece::Account,
        "region" => Piece::Region,
        "caller" => Piece::Caller,
        "session" => Piece::Session,
        "ip" => Piece::Ip,
        "time" => Piece::Time,
        "expiry" => Piece::Expiry,
        "millis" => Piece::Millis,
        "day" => Piece::Day,
        "uuid" => Piece::Uuid,
        "public" => Piece::Public,
        "private" => Piece::Private,
        "hex" => Piece::Hex(argument.parse().ok()?),
        "b64" => Piece::Base64(argument.parse().ok()?),
        "up" => Piece::Upper(argument.parse().ok()?),
        "int" => range(argument).map(|(low, high)| Piece::Int(low, high))?,
        "policy" => range(argument).map(|(low, high)| Piece::Policy(low, high))?,
        "pick" => Piece::Pick(choices(argument)),
        "list" => {
            let (bounds, item) = argument.split_once('|')?;
            let (low, high) = range(bounds)?;
            Piece::List(low, high, Template::new(item))
        }
        other => Piece::Pool(Pool::named(other)?),
    })
}

fn pooled<'a>(pool: Pool, scene: &mut Scene<'a>) -> &'a str {
    let names = scene.world.pool(pool);
    let index = match scene.drawn.get(pool as usize).copied().flatten() {
        Some(index) => index,
        None => scene.rng.skewed(names.len()),
    };
    if let Some(drawn) = scene.drawn.get_mut(pool as usize) {
        *drawn = Some(index);
    }
    names.get(index).map(String::as_str).unwrap_or_default()
}

/// Writes `count` letters of an alphabet whose size is a power of two.
fn letters(out: &mut Vec<u8>, rng: &mut Rng, alphabet: &[u8], count: u64) {
    let width = alphabet.len().trailing_zeros();
    let (mut bits, mut left) = (0, 0);
    for _ in 0..count {
        if left < width {
            (bits, left) = (rng.bits(), 64);
        }
        let index = bits as usize & (alphabet.len() - 1);
        out.push(alphabet.get(index).copied().unwrap_or(b'0'));
        bits >>= width;
        left -= width;
    }
}

fn uuid(out: &mut Vec<u8>, rng: &mut Rng) {
    for (count, dash) in [(8, "-"), (4, "-4"), (3, "-a"), (3, "-"), (12, "")] {
        letters(out, rng, b"0123456789abcdef", count);
        out.extend_from_slice(dash.as_bytes());
    }
}

/// A policy document as CloudTrail holds it: JSON inside a JSON string.
fn policy(out: &mut Vec<u8>, scene: &mut Scene<'_>, low: u64, high: u64) {
    const ACTIONS: &[&str] = &[
        "s3:GetObject",
        "s3:PutObject",
        "s3:ListBucket",
        "kms:Decrypt",
        "kms:GenerateDataKey*",
        "dynamodb:Query",
        "dynamodb:PutItem",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sqs:SendMessage",
        "sns:Publish",
        "ec2:Describe*",
        "ssm:GetParameter*",
        "lambda:InvokeFunction",
        "secretsmanager:GetSecretValue",
        "xray:PutTraceSegments",
        "cloudwatch:PutMetricData",
    ];
    out.extend_from_slice(br#"{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": ["#);
    for index in 0..scene.rng.between(low, high) {
        if index > 0 {
            out.push(b',');
        }
        let effect = if scene.rng.chance(120) { "Deny" } else { "Allow" };
        let _ =
            write!(out, r#"\n    {{\n      \"Sid\": \"Part{index}\",\n      \"Effect\": \"{effect}\",\n"#);
        out.extend_from_slice(br#"      \"Action\": ["#);
        for number in 0..scene.rng.between(1, 4) {
            let comma = if number > 0 { ", " } else { "" };
            let _ = write!(out, r#"{comma}\"{}\""#, scene.rng.pick(ACTIONS));
        }
        let bucket = pooled(Pool::Bucket, scene);
        let _ = write!(out, r#"],\n      \"Resource\": \"arn:aws:s3:::{bucket}/part-{index}/*\"\n    }}"#);
    }
    out.extend_from_slice(br#"\n  ]\n}"#);
}
