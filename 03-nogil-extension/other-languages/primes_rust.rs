//! Rust as a plain C library: no crate, and no Python in it. ctypes decides about the GIL.
//!
//!     rustc --edition 2021 -C opt-level=2 --crate-type cdylib
//!         other-languages/primes_rust.rs -o build/other/libprimes_rust.so
//!
//! (one line; on macOS add -C link-arg=-Wl,-undefined,dynamic_lookup)

extern "C" {
    // room.c
    fn room_enter();
    fn room_leave();
    fn room_meet(n: i32, timeout: f64) -> i32;
}

fn is_prime(n: u64) -> bool {
    if n < 2 {
        return false;
    }
    let mut d = 2;
    while d * d <= n {
        if n % d == 0 {
            return false;
        }
        d += 1;
    }
    true
}

#[no_mangle]
pub extern "C" fn count(lo: u64, hi: u64) -> u64 {
    unsafe { room_enter() };
    let primes = (lo..hi).filter(|&n| is_prime(n)).count() as u64;
    unsafe { room_leave() };
    primes
}

#[no_mangle]
pub extern "C" fn meet(n: i32, timeout: f64) -> i32 {
    unsafe { room_meet(n, timeout) }
}
