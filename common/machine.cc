#include "common/machine.h"

#include <unistd.h>

#include <array>
#include <fstream>

namespace fsdfs {

std::string machine_identity() {
  std::string id;
  std::ifstream file("/etc/machine-id");
  if (std::getline(file, id) && !id.empty()) return id;
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

}  // namespace fsdfs
