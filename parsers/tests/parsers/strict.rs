//! A JSON checker that is stricter than most readers: no key twice in one object, no raw control character, no
//! number that OpenSearch cannot hold, no bytes behind the value.

use std::collections::HashSet;

/// Checks one JSON text.
pub(crate) fn check(json: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(json).map_err(|e| e.to_string())?;
    let mut checker = Checker { text, at: 0 };
    checker.value()?;
    if checker.at == text.len() { Ok(()) } else { Err(format!("bytes behind the value at {}", checker.at)) }
}

struct Checker<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Checker<'a> {
    fn byte(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        if self.byte() != byte {
            return Err(format!("{:?} expected at {}", char::from(byte), self.at));
        }
        self.at += 1;
        Ok(())
    }

    /// The whitespace that JSON allows within a line.
    fn blank(&mut self) {
        while matches!(self.byte(), b' ' | b'\t') {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<(), String> {
        self.blank();
        match self.byte() {
            b'{' => self.object(),
            b'[' => {
                self.at += 1;
                self.list(b']', |this| this.value())
            }
            b'"' => self.string().map(drop),
            b'-' | b'0'..=b'9' => self.number(),
            _ => {
                let rest = &self.text[self.at..];
                let word = ["true", "false", "null"].into_iter().find(|w| rest.starts_with(w));
                self.at += word.ok_or_else(|| format!("no value at {}", self.at))?.len();
                Ok(())
            }
        }?;
        self.blank();
        Ok(())
    }

    fn list(&mut self, end: u8, mut one: impl FnMut(&mut Self) -> Result<(), String>) -> Result<(), String> {
        self.blank();
        if self.byte() == end {
            self.at += 1;
            return Ok(());
        }
        loop {
            one(self)?;
            if self.byte() != b',' {
                return self.expect(end);
            }
            self.at += 1;
        }
    }

    fn object(&mut self) -> Result<(), String> {
        self.at += 1;
        let mut keys = HashSet::new();
        self.list(b'}', |this| {
            this.blank();
            let at = this.at;
            let key = this.string()?;
            let name: String = serde_json::from_str(key).unwrap_or_else(|_| key.to_owned());
            if !keys.insert(name) {
                return Err(format!("the key {key} a second time at {at}"));
            }
            this.blank();
            this.expect(b':')?;
            this.value()
        })
    }

    /// A string with its quotes. Lone surrogates pass, as in OpenSearch.
    fn string(&mut self) -> Result<&'a str, String> {
        let start = self.at;
        self.expect(b'"')?;
        loop {
            let byte = self.byte();
            self.at += 1;
            match byte {
                b'"' => return Ok(&self.text[start..self.at]),
                0..=0x1f => return Err(format!("control character {byte} at {}", self.at - 1)),
                b'\\' => {
                    let escape = self.byte();
                    self.at += 1;
                    if escape == b'u' {
                        let hex = self.text.as_bytes().get(self.at..self.at + 4);
                        if !hex.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) {
                            return Err(format!("escape at {}", self.at));
                        }
                        self.at += 4;
                    } else if !b"\"\\/bfnrt".contains(&escape) {
                        return Err(format!("escape at {}", self.at));
                    }
                }
                _ => {}
            }
        }
    }

    fn number(&mut self) -> Result<(), String> {
        let rest = &self.text[self.at..];
        let len = rest.bytes().take_while(|b| b"+-.eE0123456789".contains(b)).count();
        let number = &rest[..len];
        let fits = if number.contains(['.', 'e', 'E']) {
            number.parse::<f64>().is_ok_and(f64::is_finite)
        } else {
            number.parse::<i64>().is_ok()
        };
        if !fits || len > 1000 || serde_json::from_str::<serde_json::Value>(number).is_err() {
            return Err(format!("the number {number} at {}", self.at));
        }
        self.at += len;
        Ok(())
    }
}

#[test]
fn the_checker_refuses_what_it_should() {
    for bad in [
        r#"{"a":1,"a":2}"#,
        r#"{"a":1,"\u0061":2}"#,
        "{\"a\":\"\u{1}\"}",
        r#"{"a":1e400}"#,
        r#"{"a":9223372036854775808}"#,
        r#"{"a":01}"#,
        r#"{"a":1,}"#,
        r#"["\x"]"#,
        r#"[1] 2"#,
        r#"["a"#,
        "[1\n]",
        "NaN",
        "",
    ] {
        assert!(check(bad.as_bytes()).is_err(), "{bad}");
    }
    for good in [r#"{"a":[{},[],"\ud800\n",-1.5e3,9223372036854775807,true,null], "b" : {"a":""}}"#, "1"] {
        assert_eq!(check(good.as_bytes()), Ok(()), "{good}");
    }
}
