//! The memory that both sides see: buffers that are lent out by address and found again by address.
//!
//! An address that was never lent is answered with nothing instead of being followed, so the exported functions
//! need no pointer arithmetic and no trust in their caller.

use std::collections::BTreeMap;

/// The largest single buffer: a worklist of scales or a batch of answers is far smaller.
const LARGEST: usize = 64 * 1024 * 1024;

#[derive(Debug, Default)]
pub struct Buffers {
    lent: BTreeMap<usize, Vec<u8>>,
}

impl Buffers {
    /// A zeroed buffer for the caller to fill. `None` if it is too large or memory is short.
    pub fn lend_empty(&mut self, len: usize) -> Option<usize> {
        if len > LARGEST {
            return None;
        }
        let mut bytes = Vec::new();
        // at least one byte: an empty buffer would have no address of its own
        bytes.try_reserve_exact(len.max(1)).ok()?;
        bytes.resize(len.max(1), 0);
        Some(self.lend(bytes))
    }

    /// Lends bytes that are already there; they stay until they are taken back.
    pub fn lend(&mut self, bytes: Vec<u8>) -> usize {
        let address = bytes.as_ptr() as usize;
        self.lent.insert(address, bytes);
        address
    }

    /// The first `len` bytes of a lent buffer.
    pub fn read(&self, address: usize, len: usize) -> Option<&[u8]> {
        self.lent.get(&address)?.get(..len)
    }

    pub fn take_back(&mut self, address: usize) -> bool {
        self.lent.remove(&address).is_some()
    }

    pub fn count(&self) -> usize {
        self.lent.len()
    }
}

#[cfg(test)]
mod tests {
    use super::Buffers;

    #[test]
    fn a_lent_buffer_is_read_until_it_is_taken_back() {
        let mut buffers = Buffers::default();
        let address = buffers.lend(b"answer".to_vec());
        assert_eq!(buffers.read(address, 6), Some(&b"answer"[..]));
        assert_eq!(buffers.read(address, 3), Some(&b"ans"[..]));
        assert!(buffers.take_back(address));
        assert_eq!(buffers.read(address, 6), None);
        assert!(!buffers.take_back(address));
    }

    #[test]
    fn an_address_that_was_never_lent_and_a_length_past_the_end_give_nothing() {
        let mut buffers = Buffers::default();
        let address = buffers.lend_empty(4).unwrap();
        assert_eq!(buffers.read(address, 5), None);
        assert_eq!(buffers.read(address + 1, 1), None);
        assert_eq!(buffers.read(0, 0), None);
    }

    #[test]
    fn empty_buffers_have_addresses_of_their_own_and_absurd_ones_are_refused() {
        let mut buffers = Buffers::default();
        let first = buffers.lend_empty(0).unwrap();
        let second = buffers.lend_empty(0).unwrap();
        assert_ne!(first, second);
        assert_eq!(buffers.lend_empty(usize::MAX), None);
        assert_eq!(buffers.count(), 2);
    }
}
