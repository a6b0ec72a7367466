// C++ with pybind11: a call holds the GIL until an object on the stack releases it.
// `make build` shows the command that compiles it.
#include <cstdint>
#include <pybind11/pybind11.h>

namespace py = pybind11;

extern "C" void room_visit(); // primes_c.c

static std::uint64_t count(std::uint64_t lo, std::uint64_t hi)
{
    std::uint64_t primes = 0;

    room_visit();
    for (std::uint64_t n = lo; n < hi; n++) {
        std::uint64_t d = 2;
        while (d * d <= n && n % d != 0)
            d++;
        primes += n >= 2 && d * d > n;
    }
    return primes;
}

// mod_gil_not_used: without it, a free-threaded Python turns its GIL back on.
PYBIND11_MODULE(primes_pybind11, module, py::mod_gil_not_used())
{
    module.def("held", count);
    // The guard lives as long as the call, and its destructor takes the GIL back on every way out.
    module.def("released", count, py::call_guard<py::gil_scoped_release>());
}
