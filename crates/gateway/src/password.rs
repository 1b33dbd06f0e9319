//! Passwords: slow on purpose, so beside the runtime and two at a time.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use argon2::password_hash::PasswordVerifier as _;
use argon2::{Argon2, PasswordHasher as _};
use tokio::sync::{Semaphore, oneshot};

/// Each check takes 19 MiB and some 20 ms of one core.
const AT_ONCE: usize = 2;
/// With more people at the door than this many seconds' worth, the rest come back later.
const QUEUE_FOR: Duration = Duration::from_secs(5);

/// Nobody's password: checked when there is nothing else to check, so that an unknown e-mail takes
/// as long as a wrong password.
static NOBODYS: LazyLock<String> = LazyLock::new(|| {
    let hash = Argon2::default().hash_password_with_salt(b"nobody's password", b"nobody's salt...");
    hash.map(|hash| hash.to_string()).unwrap_or_default()
});

/// Checks passwords.
pub(crate) struct Passwords {
    at_once: Arc<Semaphore>,
}

/// Too many people at the door.
#[derive(Debug)]
pub(crate) struct Busy;

impl Passwords {
    pub fn new() -> Self {
        Self { at_once: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Which of the hashes (`None`: no password) this is the password of.
    pub async fn check(
        &self,
        password: String,
        hashes: Vec<Option<String>>,
    ) -> Result<Vec<bool>, Busy> {
        let place = tokio::time::timeout(QUEUE_FOR, self.at_once.clone().acquire_owned()).await;
        let Ok(Ok(place)) = place else { return Err(Busy) };
        let check = move || -> Vec<bool> {
            if hashes.is_empty() {
                is_of(&password, &NOBODYS);
            }
            let check = |hash: Option<String>| {
                let is_of = is_of(&password, hash.as_ref().unwrap_or(&NOBODYS));
                hash.is_some() && is_of
            };
            hashes.into_iter().map(check).collect()
        };
        let (answer, checked) = oneshot::channel();
        // A thread of its own for each: what the allocator keeps for a thread goes to the next one,
        // while each of the runtime's many blocking threads would keep its own 19 MiB.
        let started = std::thread::Builder::new().name("password".into()).spawn(move || {
            // Whoever asked may have hung up; the place is taken as long as the check takes.
            let _place = place;
            drop(answer.send(check()));
        });
        started.map_err(|_| Busy)?;
        checked.await.map_err(|_| Busy)
    }
}

fn is_of(password: &str, hash: &str) -> bool {
    Argon2::default().verify_password(password.as_bytes(), hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn whoever_hangs_up_leaves_no_room_for_a_third_check() {
        let passwords = Passwords::new();
        for _ in 0..AT_ONCE {
            let check = passwords.check("guess".into(), vec![]);
            // Begun, and given up.
            assert!(futures::poll!(Box::pin(check)).is_pending());
        }
        assert_eq!(passwords.at_once.available_permits(), 0);
        let all_done = passwords.at_once.acquire_many(AT_ONCE as u32);
        drop(tokio::time::timeout(Duration::from_secs(60), all_done).await.unwrap().unwrap());
    }
}
