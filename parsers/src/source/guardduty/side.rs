//! The two ends of what a finding tells of: the remote one, and the resource.

use std::borrow::Cow;

use super::fields::whole_number;
use crate::{
    address::is_ip,
    json::{tape::Kind, write::Record},
    nested,
};

/// Text as it stands inside a JSON string.
pub(super) type Text<'a> = Cow<'a, [u8]>;

/// The members of an object that are not empty: names as written, and values.
pub(super) fn members<'a>(record: Record<'a>, object: usize) -> impl Iterator<Item = (&'a [u8], usize)> {
    let kept = move |value: &usize| record.tape.get(*value).is_some_and(|v| !v.is(crate::json::tape::EMPTY));
    record
        .tape
        .members(object)
        .filter(move |(_, value)| kept(value))
        .map(move |(key, value)| (record.bytes(key), value))
}

/// `source` or `destination`, as far as it is known.
#[derive(Debug, Default, Clone)]
pub(super) struct Side<'a> {
    /// What AWS gives as the address, whatever it is.
    pub(super) address: Option<Text<'a>>,
    /// The first that is an address.
    pub(super) ip: Option<Text<'a>>,
    /// The address outside, where the other is a private one.
    pub(super) nat_ip: Option<Text<'a>>,
    /// A whole number.
    pub(super) port: Option<Text<'a>>,
    /// A name, where AWS gives that instead of an address.
    pub(super) domain: Option<Text<'a>>,
    location: Option<(&'a [u8], &'a [u8])>,
    city: Option<Text<'a>>,
    country: Option<Text<'a>>,
    country_code: Option<Text<'a>>,
    as_number: Option<Text<'a>>,
    as_name: Option<Text<'a>>,
}

impl<'a> Side<'a> {
    /// Of `remoteIpDetails`.
    pub(super) fn of_remote(record: Record<'a>, details: usize) -> Self {
        let mut side = Self::default();
        let text = |node| record.scalar(node);
        let (mut v4, mut v6) = (None, None);
        for (name, value) in members(record, details) {
            match name {
                b"ipAddressV4" => v4 = text(value),
                b"ipAddressV6" => v6 = text(value),
                b"country" => {
                    side.country = record.member(value, "countryName").and_then(text);
                    side.country_code = record.member(value, "countryCode").and_then(text);
                }
                b"city" => side.city = record.member(value, "cityName").and_then(text),
                b"geoLocation" => side.location = location(record, value),
                b"organization" => {
                    side.as_number = record.member(value, "asn").and_then(text).filter(is_whole);
                    side.as_name =
                        ["asnOrg", "org", "isp"].iter().find_map(|n| record.member(value, n)).and_then(text);
                }
                _ => {}
            }
        }
        side.at(v4);
        side.at(v6);
        side
    }

    /// Of an endpoint of an attack sequence.
    pub(super) fn of_endpoint(record: Record<'a>, endpoint: usize) -> Self {
        let mut side = Self::default();
        let text = |node| record.scalar(node);
        for (name, value) in members(record, endpoint) {
            match name {
                b"ip" => side.at(text(value)),
                b"domain" => side.domain = text(value),
                b"port" => side.port = text(value).filter(is_whole),
                b"location" => {
                    side.city = record.member(value, "city").and_then(text);
                    side.country = record.member(value, "country").and_then(text);
                    side.location = location(record, value);
                }
                b"autonomousSystem" => {
                    side.as_number = record.member(value, "number").and_then(text).filter(is_whole);
                    side.as_name = record.member(value, "name").and_then(text);
                }
                _ => {}
            }
        }
        side
    }

    /// Takes an address where there is none yet.
    pub(super) fn at(&mut self, address: Option<Text<'a>>) {
        let Some(address) = address else { return };
        if self.ip.is_none() && is_ip(&address) {
            self.ip = Some(address.clone());
        }
        self.address.get_or_insert(address);
    }

    /// Takes a port where there is none yet.
    pub(super) fn on(&mut self, port: Option<Text<'a>>) {
        if self.port.is_none() {
            self.port = port.filter(is_whole);
        }
    }

    /// Takes what is missing from another.
    pub(super) fn or(&mut self, other: Self) {
        let fill = |mine: &mut Option<Text<'a>>, its: Option<Text<'a>>| {
            if mine.is_none() {
                *mine = its;
            }
        };
        fill(&mut self.address, other.address);
        fill(&mut self.ip, other.ip);
        fill(&mut self.nat_ip, other.nat_ip);
        fill(&mut self.port, other.port);
        fill(&mut self.domain, other.domain);
        fill(&mut self.city, other.city);
        fill(&mut self.country, other.country);
        fill(&mut self.country_code, other.country_code);
        fill(&mut self.as_number, other.as_number);
        fill(&mut self.as_name, other.as_name);
        self.location = self.location.or(other.location);
    }

    /// Appends `"source":{…}` or `"destination":{…}`.
    pub(super) fn write(&self, out: &mut Vec<u8>, name: &str) {
        nested::object(out, name, |out| {
            nested::text(out, "address", self.address.as_deref());
            nested::text(out, "ip", self.ip.as_deref());
            nested::json(out, "port", self.port.as_deref());
            nested::text(out, "domain", self.domain.as_deref());
            nested::object(out, "nat", |out| nested::text(out, "ip", self.nat_ip.as_deref()));
            nested::object(out, "geo", |out| {
                nested::object(out, "location", |out| {
                    nested::json(out, "lat", self.location.map(|(lat, _)| lat));
                    nested::json(out, "lon", self.location.map(|(_, lon)| lon));
                });
                nested::text(out, "city_name", self.city.as_deref());
                nested::text(out, "country_iso_code", self.country_code.as_deref());
                nested::text(out, "country_name", self.country.as_deref());
            });
            nested::object(out, "as", |out| {
                nested::json(out, "number", self.as_number.as_deref());
                nested::object(out, "organization", |out| nested::text(out, "name", self.as_name.as_deref()));
            });
        });
    }
}

/// Whether a text is a number without sign and fraction.
pub(super) fn is_whole(text: &Text<'_>) -> bool {
    whole_number(text).is_some()
}

/// `lat` and `lon` of an object, where both are numbers of a place on earth.
fn location<'a>(record: Record<'a>, node: usize) -> Option<(&'a [u8], &'a [u8])> {
    let degrees = |name, most: f64| {
        let node = record.member(node, name).filter(|&n| record.kind(n) == Some(Kind::Number))?;
        let text = record.bytes(node);
        let degrees: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
        (degrees.abs() <= most).then_some(text)
    };
    Some((degrees("lat", 90.0)?, degrees("lon", 180.0)?))
}
