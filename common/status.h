// Status and Result: the one way an operation tells how it ended, from the disk to the exit code.
//
// A Status carries one of gRPC's canonical codes, a Reason where callers must tell cases of one code apart,
// and a message for people that names the thing, what is wrong and what to do next. It is mapped once to gRPC
// (common/rpc/status_rpc.h), once to errno and once to an exit code (below).
// Values are immutable after construction and safe to copy between threads.
#pragma once

#include <cassert>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace fsdfs {

// The numbers are gRPC's.
enum class Code {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// Refines a code. Travels over the wire by number: append only.
enum class Reason {
  kNone = 0,
  kNoSpace = 1,           // kResourceExhausted: the swarm or the node has no room
  kNotEmpty = 2,          // kFailedPrecondition: the directory has entries
  kIsDirectory = 3,       // kFailedPrecondition
  kNotDirectory = 4,      // kFailedPrecondition: a part of the path is not a directory
  kNameTooLong = 5,       // kInvalidArgument: a name over 255 or a path over 4095 bytes
  kWrongPassword = 6,     // kPermissionDenied: the peer's authority is not ours
  kStaleEpoch = 7,        // kFailedPrecondition: an order of an older master
  kStaleIncarnation = 8,  // kFailedPrecondition: a message of an older start of the node
  kStaleVersion = 9,      // kAborted: the content is no longer the current version
  kChecksum = 10,         // kDataLoss: bytes that fail their sum
  kReadOnly = 11,         // kFailedPrecondition
  kTooManyLinks = 12,     // kFailedPrecondition
  kLoop = 13,             // kInvalidArgument: a directory moved into itself
  kNoSuchAttribute = 14,  // kNotFound: the file is there, its extended attribute is not
  kQuota = 15,            // kResourceExhausted: a directory's quota
  kSessionLost = 16,      // kAborted: the session's lease ran out or it was superseded
  kWrongIdentity = 17,    // kFailedPrecondition: a data directory or node that is not who it should be
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message, Reason reason = Reason::kNone)
      : code_(code), reason_(reason), message_(std::move(message)) {}

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  Reason reason() const { return reason_; }
  const std::string& message() const { return message_; }

  // The same status with "CONTEXT: " before its message; an ok status stays as it is.
  Status with_context(std::string_view context) const;
  // "NOT_FOUND: no such file: /a"; "OK" when ok.
  std::string to_string() const;

  friend bool operator==(const Status&, const Status&) = default;

 private:
  Code code_ = Code::kOk;
  Reason reason_ = Reason::kNone;
  std::string message_;
};

std::string_view code_name(Code code);  // "NOT_FOUND"

// What the operating system said, as a Status: "open /x: No such file or directory". `error` is an errno.
Status status_from_errno(int error, std::string_view what);
// The errno that a mount answers with; 0 when ok.
int errno_from_status(const Status& status);
// The exit code of DESIGN 4: 0 done, 1 failed, 2 wrong usage, 3 swarm not reachable, 4 not allowed, 5 no such
// path.
int exit_code_from_status(const Status& status);

inline Status invalid_argument(std::string m, Reason r = Reason::kNone) {
  return {Code::kInvalidArgument, std::move(m), r};
}
inline Status not_found(std::string m) {
  return {Code::kNotFound, std::move(m)};
}
inline Status already_exists(std::string m) {
  return {Code::kAlreadyExists, std::move(m)};
}
inline Status permission_denied(std::string m, Reason r = Reason::kNone) {
  return {Code::kPermissionDenied, std::move(m), r};
}
inline Status no_space(std::string m) {
  return {Code::kResourceExhausted, std::move(m), Reason::kNoSpace};
}
inline Status failed_precondition(std::string m, Reason r = Reason::kNone) {
  return {Code::kFailedPrecondition, std::move(m), r};
}
inline Status aborted(std::string m, Reason r = Reason::kNone) {
  return {Code::kAborted, std::move(m), r};
}
inline Status internal_error(std::string m) {
  return {Code::kInternal, std::move(m)};
}
inline Status unavailable(std::string m) {
  return {Code::kUnavailable, std::move(m)};
}
inline Status deadline_exceeded(std::string m) {
  return {Code::kDeadlineExceeded, std::move(m)};
}
inline Status data_loss(std::string m, Reason r = Reason::kChecksum) {
  return {Code::kDataLoss, std::move(m), r};
}

// A value, or the Status that says why there is none (never an ok one).
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : held_(std::move(value)) {}  // NOLINT(google-explicit-constructor): reads as `return value;`
  Result(Status status) : held_(std::move(status)) {  // NOLINT(google-explicit-constructor)
    assert(!std::get<Status>(held_).ok());
  }

  bool ok() const { return std::holds_alternative<T>(held_); }
  Status status() const { return ok() ? Status() : std::get<Status>(held_); }
  // Only when ok().
  T& value() & { return std::get<T>(held_); }
  const T& value() const& { return std::get<T>(held_); }
  T&& value() && { return std::get<T>(std::move(held_)); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }

 private:
  std::variant<T, Status> held_;
};

}  // namespace fsdfs

// Returns the Status of `expression` from the enclosing function unless it is ok.
#define FSDFS_TRY(expression)                                                      \
  do {                                                                             \
    if (auto fsdfs_status = (expression); !fsdfs_status.ok()) return fsdfs_status; \
  } while (false)

#define FSDFS_CONCAT_INNER(a, b) a##b
#define FSDFS_CONCAT(a, b) FSDFS_CONCAT_INNER(a, b)
// FSDFS_ASSIGN(auto x, f()): x becomes the value of the Result that f() gives, or its Status is returned.
#define FSDFS_ASSIGN(declaration, expression) \
  FSDFS_ASSIGN_INNER(FSDFS_CONCAT(fsdfs_result_, __LINE__), declaration, expression)
#define FSDFS_ASSIGN_INNER(result, declaration, expression) \
  auto result = (expression);                               \
  if (!result.ok()) return result.status();                 \
  declaration = std::move(result).value()
