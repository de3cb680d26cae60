#include "common/rpc/status_rpc.h"

#include <string>
#include <string_view>

namespace fsdfs {
namespace {

// The details are by custom a google.rpc.Status. Ours is a valid one with a single field that it does not
// know, number 1000, holding the reason as a varint; so other tools can print it.
constexpr std::string_view kReasonTag = "\xC0\x3E";

std::string encode_reason(Reason reason) {
  std::string details(kReasonTag);
  auto number = static_cast<unsigned>(reason);
  for (; number >= 0x80; number >>= 7) details += static_cast<char>((number & 0x7F) | 0x80);
  details += static_cast<char>(number);
  return details;
}

Reason decode_reason(std::string_view details) {
  if (!details.starts_with(kReasonTag)) return Reason::kNone;
  unsigned number = 0;
  int shift = 0;
  for (char c : details.substr(kReasonTag.size())) {
    auto byte = static_cast<unsigned char>(c);
    if (shift > 21) return Reason::kNone;
    number |= (byte & 0x7FU) << shift;
    shift += 7;
    if ((byte & 0x80) == 0) return static_cast<Reason>(number);
  }
  return Reason::kNone;
}

std::string shortened(const std::string& message) {
  if (message.size() <= kStatusMessageBytesMax) return message;
  static constexpr std::string_view kGap = " ... ";
  size_t half = (kStatusMessageBytesMax - kGap.size()) / 2;
  return message.substr(0, half) + std::string(kGap) + message.substr(message.size() - half);
}

}  // namespace

grpc::Status to_grpc(const Status& status) {
  if (status.ok()) return grpc::Status::OK;
  auto code = static_cast<grpc::StatusCode>(status.code());
  if (status.reason() == Reason::kNone) return {code, shortened(status.message())};
  return {code, shortened(status.message()), encode_reason(status.reason())};
}

Status from_grpc(const grpc::Status& status) {
  if (status.ok()) return {};
  auto number = static_cast<int>(status.error_code());
  bool known = number > 0 && number <= static_cast<int>(Code::kUnauthenticated);
  return {known ? static_cast<Code>(number) : Code::kUnknown, status.error_message(),
          decode_reason(status.error_details())};
}

}  // namespace fsdfs
