//! Reading numbers and slices from a stranger's bytes: in bounds, in their shortest form, nothing allocated.

use super::rejection::{Code, Rejection};

/// What is left of some bytes, and what they are called in messages.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { rest: bytes, what }
    }

    /// Names the field that is read next.
    pub(super) fn name(&mut self, what: &'static str) {
        self.what = what;
    }

    pub(super) fn what(&self) -> &'static str {
        self.what
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn cut(&self) -> Rejection {
        Rejection::new(Code::Cut, format!("{}: ends too early", self.what))
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], Rejection> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or_else(|| self.cut())?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Rejection> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or_else(|| self.cut())?;
        self.rest = rest;
        Ok(*taken)
    }

    /// A length in front of that many bytes.
    pub(super) fn prefixed(&mut self) -> Result<&'a [u8], Rejection> {
        let len = self.uleb()?;
        self.take(usize::try_from(len).map_err(|_| self.cut())?)
    }

    /// An unsigned LEB128 number in its shortest form.
    pub(super) fn uleb(&mut self) -> Result<u64, Rejection> {
        let mut value = 0_u64;
        for index in 0..10_u32 {
            let [byte] = self.array()?;
            let bits = u64::from(byte & 0x7f);
            if index == 9 && bits > 1 {
                return Err(self.number("is larger than 64 bits"));
            }
            value |= bits << (7 * index);
            if byte & 0x80 == 0 {
                if index > 0 && byte == 0 {
                    return Err(self.number("is not written in the shortest way"));
                }
                return Ok(value);
            }
        }
        Err(self.number("is larger than 64 bits"))
    }

    /// A signed LEB128 number in its shortest form.
    pub(super) fn sleb(&mut self) -> Result<i64, Rejection> {
        let mut value = 0_i64;
        let mut before = 0_u8;
        for index in 0..10_u32 {
            let [byte] = self.array()?;
            if index == 9 && byte != 0 && byte != 0x7f {
                return Err(self.number("is larger than 64 bits"));
            }
            value |= i64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                let sign_was_there = before & 0x40 != 0;
                if index > 0 && ((byte == 0 && !sign_was_there) || (byte == 0x7f && sign_was_there)) {
                    return Err(self.number("is not written in the shortest way"));
                }
                if index < 9 && byte & 0x40 != 0 {
                    value |= -1 << (7 * (index + 1));
                }
                return Ok(value);
            }
            before = byte;
        }
        Err(self.number("is larger than 64 bits"))
    }

    fn number(&self, wrong: &str) -> Rejection {
        Rejection::new(Code::Number, format!("{}: a number {wrong}", self.what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unsigned(bytes: &[u8]) -> Result<u64, Code> {
        Reader::new(bytes, "test").uleb().map_err(|r| r.code)
    }

    fn signed(bytes: &[u8]) -> Result<i64, Code> {
        Reader::new(bytes, "test").sleb().map_err(|r| r.code)
    }

    #[test]
    fn unsigned_numbers_are_read_in_their_shortest_form_only() {
        assert_eq!(unsigned(&[0]), Ok(0));
        assert_eq!(unsigned(&[0x7f]), Ok(127));
        assert_eq!(unsigned(&[0x80, 1]), Ok(128));
        assert_eq!(unsigned(&[0xff; 9].iter().copied().chain([1]).collect::<Vec<_>>()), Ok(u64::MAX));
        assert_eq!(unsigned(&[0x80, 0]), Err(Code::Number));
        assert_eq!(unsigned(&[0xff; 9].iter().copied().chain([2]).collect::<Vec<_>>()), Err(Code::Number));
        assert_eq!(unsigned(&[0xff; 12]), Err(Code::Number));
        assert_eq!(unsigned(&[0xff]), Err(Code::Cut));
        assert_eq!(unsigned(&[]), Err(Code::Cut));
    }

    #[test]
    fn signed_numbers_are_read_in_their_shortest_form_only() {
        assert_eq!(signed(&[0x7f]), Ok(-1));
        assert_eq!(signed(&[0x3f]), Ok(63));
        assert_eq!(signed(&[0x40]), Ok(-64));
        assert_eq!(signed(&[0x80, 0x40]), Ok(-8192));
        assert_eq!(signed(&[0xc0, 0]), Ok(64));
        assert_eq!(signed(&[0xff; 9].iter().copied().chain([0]).collect::<Vec<_>>()), Ok(i64::MAX));
        assert_eq!(signed(&[0x80; 9].iter().copied().chain([0x7f]).collect::<Vec<_>>()), Ok(i64::MIN));
        assert_eq!(signed(&[0xbf, 0]), Err(Code::Number));
        assert_eq!(signed(&[0xff, 0x7f]), Err(Code::Number));
        assert_eq!(signed(&[0xff; 9].iter().copied().chain([1]).collect::<Vec<_>>()), Err(Code::Number));
        assert_eq!(signed(&[0x80]), Err(Code::Cut));
    }
}
