// Runs a fuzzer where the compiler brings no libFuzzer: changes the seeds at random for a while.
//
//   fuzz_records [--seconds N] [--seed N] FILE_OR_FOLDER...
//
// With --seconds 0 the files are run as they are. The input that ends the process is written to ./crash.
#include <sanitizer/common_interface_defs.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// Failed checks end in abort(), which shall be a finding like any other.
extern "C" const char* __asan_default_options() {
    return "handle_abort=1";
}

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes current;

void save_current() {
    std::ofstream("crash", std::ios::binary)
        .write(reinterpret_cast<const char*>(current.data()), static_cast<std::streamsize>(current.size()));
    std::fputs("the input is in ./crash\n", stderr);
}

constexpr std::array<std::string_view, 30> words{"{",
                                                 "}",
                                                 "[",
                                                 "]",
                                                 ",",
                                                 ":",
                                                 "\"",
                                                 "\\",
                                                 "\\u",
                                                 "null",
                                                 "true",
                                                 "NaN",
                                                 "-",
                                                 "Infinity",
                                                 "1e",
                                                 ".",
                                                 "0",
                                                 "9223372036854775808",
                                                 "1e400",
                                                 "1e-320",
                                                 " ",
                                                 "},{",
                                                 "\"id\":",
                                                 "\"image_id\":",
                                                 "\"score\":",
                                                 "\"bbox\":[1,2,3,4]",
                                                 "\"segmentation\":",
                                                 "\"counts\":",
                                                 "\"size\":[9,9]",
                                                 "\"keypoints\":[1,2,3]"};

class Mutator {
  public:
    explicit Mutator(std::uint64_t seed) : random_(seed) {}

    std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

    void change(Bytes& bytes, const std::vector<Bytes>& seeds) {
        for (std::size_t i = 1 + below(6); i > 0; --i) change_once(bytes, seeds);
        if (bytes.size() > 4096) bytes.resize(4096);
    }

  private:
    void change_once(Bytes& bytes, const std::vector<Bytes>& seeds) {
        const std::size_t at = below(bytes.size());
        const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
        const auto stop = place + static_cast<std::ptrdiff_t>(below(std::min<std::size_t>(bytes.size() - at, 64)));
        switch (below(7)) {
            case 0:
                if (!bytes.empty()) *place ^= static_cast<std::uint8_t>(1 << below(8));
                break;
            case 1:
                if (!bytes.empty()) *place = static_cast<std::uint8_t>(random_());
                break;
            case 2:
                bytes.erase(place, stop);
                break;
            case 3: {
                const Bytes piece(place, stop);
                bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(below(bytes.size() + 1)), piece.begin(),
                             piece.end());
                break;
            }
            case 4: {
                const Bytes& other = seeds[below(seeds.size())];
                const auto from = static_cast<std::ptrdiff_t>(below(other.size()));
                const auto size = static_cast<std::ptrdiff_t>(below(other.size() - static_cast<std::size_t>(from)));
                bytes.insert(place, other.begin() + from, other.begin() + from + size);
                break;
            }
            case 5:
                bytes.resize(at);
                break;
            default: {
                const std::string_view word = words[below(words.size())];
                bytes.insert(place, word.begin(), word.end());
            }
        }
    }

    std::mt19937_64 random_;
};

Bytes read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int main(int count, char** arguments) {
    long seconds = 10;
    std::uint64_t seed = 1;
    std::vector<Bytes> seeds;
    for (int i = 1; i < count; ++i) {
        const std::string_view argument = arguments[i];
        if (argument == "--seconds" && i + 1 < count) {
            seconds = std::stol(arguments[++i]);
        } else if (argument == "--seed" && i + 1 < count) {
            seed = std::stoull(arguments[++i]);
        } else if (std::filesystem::is_directory(argument)) {
            for (const auto& file : std::filesystem::directory_iterator(argument)) {
                seeds.push_back(read_file(file.path()));
            }
        } else {
            seeds.push_back(read_file(argument));
        }
    }
    if (seeds.empty()) {
        std::fputs("expected files or folders of seeds\n", stderr);
        return 2;
    }
    __sanitizer_set_death_callback(save_current);
    for (const Bytes& bytes : seeds) {
        current = bytes;
        LLVMFuzzerTestOneInput(current.data(), current.size());
    }
    std::uint64_t executions = seeds.size();
    Mutator mutator(seed);
    const auto stop = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    while (std::chrono::steady_clock::now() < stop) {
        current = seeds[mutator.below(seeds.size())];
        mutator.change(current, seeds);
        LLVMFuzzerTestOneInput(current.data(), current.size());
        ++executions;
    }
    std::printf("%llu executions, no finding\n", static_cast<unsigned long long>(executions));
    return 0;
}
