#include "common/status.h"

#include <array>
#include <cerrno>
#include <system_error>

namespace fsdfs {

std::string_view code_name(Code code) {
  static constexpr std::array<std::string_view, 17> kNames = {
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  auto index = static_cast<size_t>(code);
  return index < kNames.size() ? kNames[index] : "UNKNOWN";
}

Status Status::with_context(std::string_view context) const {
  if (ok()) return *this;
  return {code_, std::string(context) + ": " + message_, reason_};
}

std::string Status::to_string() const {
  if (ok()) return "OK";
  return std::string(code_name(code_)) + ": " + message_;
}

Status status_from_errno(int error, std::string_view what) {
  std::string message = std::string(what) + ": " + std::generic_category().message(error);
  switch (error) {
    case ENOENT:
      return {Code::kNotFound, message};
    case EEXIST:
      return {Code::kAlreadyExists, message};
    case EACCES:
    case EPERM:
      return {Code::kPermissionDenied, message};
    case ENOSPC:
    case EDQUOT:
      return {Code::kResourceExhausted, message, Reason::kNoSpace};
    case ENOTEMPTY:
      return {Code::kFailedPrecondition, message, Reason::kNotEmpty};
    case EISDIR:
      return {Code::kFailedPrecondition, message, Reason::kIsDirectory};
    case ENOTDIR:
      return {Code::kFailedPrecondition, message, Reason::kNotDirectory};
    case ENAMETOOLONG:
      return {Code::kInvalidArgument, message, Reason::kNameTooLong};
    case ELOOP:
      return {Code::kInvalidArgument, message, Reason::kLoop};
    case EROFS:
      return {Code::kFailedPrecondition, message, Reason::kReadOnly};
    case EMLINK:
      return {Code::kFailedPrecondition, message, Reason::kTooManyLinks};
    case EINVAL:
      return {Code::kInvalidArgument, message};
    case EIO:
      return {Code::kDataLoss, message};
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return unavailable(message);  // this process's or this machine's, and may pass
    case ETIMEDOUT:
      return {Code::kDeadlineExceeded, message};
    default:
      return {Code::kInternal, message};
  }
}

namespace {

int errno_from_reason(Reason reason) {
  switch (reason) {
    case Reason::kNoSpace:
      return ENOSPC;
    case Reason::kQuota:
      return EDQUOT;
    case Reason::kNotEmpty:
      return ENOTEMPTY;
    case Reason::kIsDirectory:
      return EISDIR;
    case Reason::kNotDirectory:
      return ENOTDIR;
    case Reason::kNameTooLong:
      return ENAMETOOLONG;
    case Reason::kReadOnly:
      return EROFS;
    case Reason::kTooManyLinks:
      return EMLINK;
    case Reason::kLoop:
      return EINVAL;  // rename(2) of a directory into itself
    case Reason::kNoSuchAttribute:
      return ENODATA;
    case Reason::kStaleVersion:
      return ESTALE;
    default:
      return 0;
  }
}

}  // namespace

int errno_from_status(const Status& status) {
  if (status.ok()) return 0;
  if (int error = errno_from_reason(status.reason()); error != 0) return error;
  switch (status.code()) {
    case Code::kCancelled:
      return EINTR;
    case Code::kInvalidArgument:
    case Code::kOutOfRange:
      return EINVAL;
    case Code::kNotFound:
      return ENOENT;
    case Code::kAlreadyExists:
      return EEXIST;
    case Code::kPermissionDenied:
    case Code::kUnauthenticated:
      return EACCES;
    case Code::kResourceExhausted:
      return EAGAIN;
    case Code::kUnimplemented:
      return EOPNOTSUPP;
    default:
      return EIO;
  }
}

int exit_code_from_status(const Status& status) {
  switch (status.code()) {
    case Code::kOk:
      return 0;
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
      return 3;
    case Code::kPermissionDenied:
    case Code::kUnauthenticated:
      return 4;
    case Code::kNotFound:
      return 5;
    default:
      return 1;
  }
}

}  // namespace fsdfs
