//! Cryptographically secure randomness, for keys and tokens.

pub trait Random: Send + Sync + 'static {
    fn fill(&self, bytes: &mut [u8]);
}
