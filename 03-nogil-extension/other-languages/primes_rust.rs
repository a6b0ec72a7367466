// Rust as a plain C library: no crate, and no Python in it. ctypes decides about the GIL.
// `make build` shows the command that compiles it.

extern "C" {
    fn room_visit(); // primes_c.c
}

#[no_mangle]
pub extern "C" fn count(lo: u64, hi: u64) -> u64 {
    let mut primes = 0;
    unsafe { room_visit() };
    for n in lo..hi {
        let mut d = 2;
        while d * d <= n && n % d != 0 {
            d += 1;
        }
        primes += (n >= 2 && d * d > n) as u64;
    }
    primes
}
