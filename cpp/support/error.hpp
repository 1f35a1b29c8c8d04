// The one error type of the kernels. The binding layer turns its kind into the Python exception.
#pragma once

#include <stdexcept>
#include <string>

namespace metrix {

enum class ErrorKind {
    invalid_value,  // ValueError: the data breaks its contract; the message names the argument and the index
    invalid_type,   // TypeError: the wrong sort of object
    io,             // OSError: a file could not be read
};

class Error : public std::runtime_error {
  public:
    Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
    [[nodiscard]] ErrorKind kind() const { return kind_; }

  private:
    ErrorKind kind_;
};

// Thrown by poll_interrupt() when the user asked to stop; the Python error is already set by then.
struct Interrupted {};

[[noreturn]] inline void throw_value_error(const std::string& message) {
    throw Error(ErrorKind::invalid_value, message);
}

}  // namespace metrix
