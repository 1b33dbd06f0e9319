//! What stands for a key in databases.

use conversation::KeyScope;
use sha2::{Digest as _, Sha256};

/// The first 16 bytes of SHA-256 over author, operation and key.
pub(crate) type Digest = [u8; 16];

/// Author and deed are of one length each, so different scopes are different texts. The conversation is
/// not in it: it stands beside the digest.
pub(crate) fn digest(scope: &KeyScope) -> Digest {
    let KeyScope { author, deed, key, conversation: _ } = scope;
    let text = Sha256::new()
        .chain_update(author.0.as_bytes())
        .chain_update([*deed as u8])
        .chain_update(key.as_str());
    let mut digest = [0; 16];
    digest.copy_from_slice(&text.finalize()[..16]);
    digest
}
