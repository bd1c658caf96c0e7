//! The bytes of a bulk body, and parts of them: what failed is sent again, and nothing else.

use std::io::{self, Read};

use bytes::Bytes;

use super::encoding::Encoding;

/// The lines of one item in a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    /// Place of the item in the body it came with.
    pub(super) item: usize,
    /// Bytes of the unpacked payload.
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A bulk body as it is sent, and which items are in it.
#[derive(Debug, Clone)]
pub(super) struct Payload {
    pub(super) bytes: Bytes,
    pub(super) encoding: Encoding,
    /// In the order of the bytes, which they cover.
    pub(super) lines: Vec<Line>,
    /// Whether it, or more than it, was sent before.
    pub(super) repeated: bool,
    /// Whether it was packed anew, since the cluster did not read it as it was packed.
    pub(super) anew: bool,
}

impl Payload {
    /// Bytes before packing.
    pub(super) fn plain(&self) -> usize {
        self.lines.iter().map(|line| line.end - line.start).sum()
    }

    /// Only the lines at these places, ascending.
    ///
    /// # Errors
    /// The bytes are not what they should be: they do not unpack.
    pub(super) fn pick(self, places: &[usize]) -> io::Result<Self> {
        if places.len() == self.lines.len() {
            return Ok(self);
        }
        let lines: Vec<Line> = places.iter().filter_map(|&at| self.lines.get(at).copied()).collect();
        self.copy(&lines)
    }

    /// The same in another packing.
    ///
    /// # Errors
    /// As [`Self::pick`].
    pub(super) fn packed_as(self, encoding: Encoding) -> io::Result<Self> {
        let bytes = repack(&self.bytes, self.encoding, encoding, &self.lines)?;
        Ok(Self { bytes, encoding, anew: true, ..self })
    }

    /// Two payloads; the first has as many lines as fit into `bytes` before packing, and both have at least one. None
    /// where there is only one line.
    ///
    /// # Errors
    /// As [`Self::pick`].
    pub(super) fn cut(self, bytes: usize) -> io::Result<Result<(Self, Self), Self>> {
        if self.lines.len() < 2 {
            return Ok(Err(self));
        }
        let mut sum = 0;
        let fitting = self.lines.iter().take_while(|line| {
            sum += line.end - line.start;
            sum <= bytes
        });
        let at = fitting.count().clamp(1, self.lines.len() - 1);
        let (left, right) = self.lines.split_at(at);
        Ok(Ok((self.copy(left)?, self.copy(right)?)))
    }

    /// The lines at these places, ascending, each by itself and not packed.
    ///
    /// # Errors
    /// As [`Self::pick`].
    pub(super) fn texts(&self, places: &[usize]) -> io::Result<Vec<Vec<u8>>> {
        let lines = places.iter().filter_map(|&at| self.lines.get(at));
        let mut plain = self.encoding.unpack(&self.bytes)?;
        let mut at = 0;
        lines
            .map(|line| match self.encoding {
                Encoding::Identity => {
                    let text = self.bytes.get(line.start..line.end);
                    text.map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
                }
                Encoding::Gzip | Encoding::Zstd => {
                    skip(&mut plain, line.start.saturating_sub(at))?;
                    let mut text = Vec::new();
                    (&mut plain).take((line.end - line.start) as u64).read_to_end(&mut text)?;
                    at = line.end;
                    Ok(text)
                }
            })
            .collect()
    }

    fn copy(&self, lines: &[Line]) -> io::Result<Self> {
        let (Some(first), Some(last)) = (lines.first(), lines.last()) else {
            return Ok(Self { bytes: Bytes::new(), lines: Vec::new(), ..self.clone() });
        };
        let size: usize = lines.iter().map(|line| line.end - line.start).sum();
        let bytes = match self.encoding {
            Encoding::Identity if size == last.end - first.start => {
                // They stand together: no copy.
                self.bytes.get(first.start..last.end).map(|part| self.bytes.slice_ref(part))
            }
            Encoding::Identity => {
                let mut bytes = Vec::with_capacity(size);
                for line in lines {
                    bytes.extend_from_slice(self.bytes.get(line.start..line.end).unwrap_or_default());
                }
                Some(Bytes::from(bytes))
            }
            Encoding::Gzip | Encoding::Zstd => {
                Some(repack(&self.bytes, self.encoding, self.encoding, lines)?)
            }
        };
        let bytes = bytes.ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut end = 0;
        let lines = lines.iter().map(|line| {
            let start = end;
            end += line.end - line.start;
            Line { item: line.item, start, end }
        });
        Ok(Self { bytes, encoding: self.encoding, lines: lines.collect(), repeated: true, anew: false })
    }
}

/// Some lines of packed bytes, packed. Memory is that of the packed bytes: nothing is unpacked as a whole.
fn repack(packed: &[u8], from: Encoding, to: Encoding, lines: &[Line]) -> io::Result<Bytes> {
    let mut plain = from.unpack(packed)?;
    let mut out = to.packing()?;
    let mut at = 0;
    for line in lines {
        skip(&mut plain, line.start.saturating_sub(at))?;
        let length = (line.end - line.start) as u64;
        if io::copy(&mut (&mut plain).take(length), out.input())? != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        at = line.end;
    }
    Ok(out.finish()?.into())
}

fn skip(plain: &mut impl Read, bytes: usize) -> io::Result<()> {
    io::copy(&mut plain.take(bytes as u64), &mut io::sink()).map(drop)
}
