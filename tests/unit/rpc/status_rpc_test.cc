#include "common/rpc/status_rpc.h"

#include <gtest/gtest.h>

#include "tests/unit/rpc/fixture.h"

namespace fsdfs {
namespace {

TEST(StatusRpcTest, EveryCodeAndReasonRoundTrips) {
  for (int code = 1; code <= 16; ++code) {
    for (int reason : {0, 1, 6, 17, 127, 128, 16384}) {
      Status status(static_cast<Code>(code), "x: no such thing", static_cast<Reason>(reason));
      EXPECT_EQ(from_grpc(to_grpc(status)), status) << code << " " << reason;
    }
  }
  EXPECT_TRUE(from_grpc(to_grpc(Status())).ok());
}

TEST(StatusRpcTest, TheNumbersAreGrpcs) {
  EXPECT_EQ(to_grpc(not_found("a")).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(to_grpc(data_loss("a")).error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_EQ(to_grpc(permission_denied("a")).error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST(StatusRpcTest, ForeignDetailsAreNoReason) {
  using std::string_literals::operator""s;
  for (const std::string& details :
       {"\x08\x05"s, "\xC0\x3E"s, "\xC0\x3E\xFF"s, "\xC0\x3E\xFF\xFF\xFF\xFF\xFF\x01"s}) {
    EXPECT_EQ(from_grpc(grpc::Status(grpc::StatusCode::NOT_FOUND, "a", details)).reason(), Reason::kNone);
  }
}

class StatusOverTheWireTest : public RpcTest {};

TEST_F(StatusOverTheWireTest, KeepsReasonAndLongMessages) {
  auto server = start(credentials(right_authority(), "master"));
  auto dialer = Dialer::create(credentials(right_authority(), "client")).value();
  auto stub = test::EchoService::NewStub(dialer->channel(server->address()).value());
  // The longest path, of bytes that grow threefold when percent-encoded; and a message over the limit.
  for (size_t size : {size_t{10}, size_t{4095}, kStatusMessageBytesMax, size_t{100'000}}) {
    std::string message;
    while (message.size() + 2 <= size) message += "\xC3\xA9";
    grpc::ClientContext context;
    set_deadline(context, kDeadline);
    test::Echo request, response;
    request.set_content(message);
    request.set_code(static_cast<int>(Code::kResourceExhausted));
    request.set_reason(static_cast<int>(Reason::kQuota));
    Status status = from_grpc(stub->Say(&context, request, &response));
    EXPECT_EQ(status.code(), Code::kResourceExhausted) << size << status.to_string().substr(0, 200);
    EXPECT_EQ(status.reason(), Reason::kQuota);
    if (size <= kStatusMessageBytesMax) {
      EXPECT_EQ(status.message(), message);
    } else {
      EXPECT_LE(status.message().size(), kStatusMessageBytesMax);
    }
  }
}

}  // namespace
}  // namespace fsdfs
