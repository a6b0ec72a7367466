// C++ with pybind11: a call holds the GIL unless an object on the stack releases it.
//
//     c++ -O2 -std=c++17 -shared -fPIC -fvisibility=hidden
//         $(python -m pybind11 --includes)
//         other-languages/primes_pybind11.cpp -o build/other/primes_pybind11.so
//
// (one line; on macOS add -undefined dynamic_lookup)
#include <cstdint>
#include <pybind11/pybind11.h>

namespace py = pybind11;

extern "C" { // room.c
void room_enter();
void room_leave();
int room_meet(int n, double timeout);
}

static bool is_prime(std::uint64_t n)
{
    if (n < 2)
        return false;
    for (std::uint64_t d = 2; d * d <= n; d++)
        if (n % d == 0)
            return false;
    return true;
}

static std::uint64_t count(std::uint64_t lo, std::uint64_t hi)
{
    py::gil_scoped_release release; // its destructor takes the GIL back, on every way out
    std::uint64_t primes = 0;

    room_enter();
    for (std::uint64_t n = lo; n < hi; n++)
        primes += is_prime(n);
    room_leave();
    return primes;
}

// mod_gil_not_used: without it, a free-threaded Python turns its GIL back on.
PYBIND11_MODULE(primes_pybind11, module, py::mod_gil_not_used())
{
    module.def("count", count);
    // For a function that knows nothing of Python, the guard can stand here instead.
    module.def("meet", room_meet, py::call_guard<py::gil_scoped_release>());
    module.def("meet_held", room_meet);
}
