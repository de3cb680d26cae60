// The environment variables, injected so that tests have their own.
#pragma once

#include <cstdlib>
#include <functional>
#include <optional>
#include <string>

namespace fsdfs {

// The value of a variable, or nullopt when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// The process's own.
inline Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

}  // namespace fsdfs
