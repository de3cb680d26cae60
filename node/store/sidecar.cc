#include "node/store/sidecar.h"

#include "common/checksum.h"
#include "node/store/wire.h"

namespace fsdfs::node {
namespace {

constexpr std::string_view kMagic = "fsdfsrd1";
constexpr size_t kNumber = 8;
constexpr size_t kFrame = kMagic.size() + 2 * kNumber;

void put_number(std::string& out, uint64_t value) {
  for (int i = 0; i < 8; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

uint64_t get_number(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < kNumber; ++i)
    value |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
  return value;
}

}  // namespace

std::string encode_sidecar(const Description& description) {
  std::string body = wire::to_wire(description).SerializeAsString();
  std::string out;
  out.reserve(body.size() + kFrame);
  out += kMagic;
  put_number(out, body.size());
  out += body;
  put_number(out, block_sum(out));
  return out;
}

Result<Description> decode_sidecar(std::string_view bytes) {
  if (bytes.size() < kFrame) {
    return data_loss("torn sidecar: " + std::to_string(bytes.size()) + " bytes are too few");
  }
  if (!bytes.starts_with(kMagic))
    return data_loss("not a sidecar: it does not begin with " + std::string(kMagic));
  uint64_t length = get_number(bytes.substr(kMagic.size()));
  if (length != bytes.size() - kFrame) {
    return data_loss("torn sidecar: " + std::to_string(bytes.size() - kFrame) + " bytes of body where " +
                     std::to_string(length) + " are announced");
  }
  std::string_view summed = bytes.substr(0, bytes.size() - kNumber);
  if (block_sum(summed) != get_number(bytes.substr(summed.size()))) {
    return data_loss("damaged sidecar: it fails its own sum");
  }
  v1::ReplicaDescription message;
  std::string_view body = summed.substr(kMagic.size() + kNumber);
  if (!message.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return data_loss("damaged sidecar: its body is no ReplicaDescription");
  }
  return wire::from_wire(message);
}

}  // namespace fsdfs::node
