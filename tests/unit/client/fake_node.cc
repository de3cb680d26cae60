#include "tests/unit/client/fake_node.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "client/convert.h"
#include "common/checksum.h"

namespace fsdfs::client {

namespace {

constexpr uint64_t kChunk = 512 * 1024;

v1::ReadChunk chunk_of(const std::string& content, uint64_t offset, uint64_t end) {
  v1::ReadChunk chunk;
  chunk.set_offset(offset);
  chunk.set_data(content.substr(offset, end - offset));
  BlockSums sums;
  for (uint64_t at = offset; at < end; at += kBlockSize) {
    sums.push_back(block_sum(std::string_view(content).substr(at, std::min<uint64_t>(kBlockSize, end - at))));
  }
  chunk.set_sums(encode_sums(sums));
  return chunk;
}

}  // namespace

FakeNode::FakeNode(uint8_t number, const Credentials& credentials) {
  RpcServer::Options options;
  options.address = "127.0.0.1:0";
  options.credentials = credentials;
  options.services = {this};
  auto server = RpcServer::start(options);
  EXPECT_TRUE(server.ok()) << server.status().message();
  server_ = std::move(*server);
  address_.node.bytes[15] = number;
  address_.address = server_->address();
}

FakeNode::~FakeNode() {
  server_->stop(std::chrono::milliseconds(0));
}

NodeAddress FakeNode::address() const {
  return address_;
}

void FakeNode::keep(const ReplicaId& replica, std::string content) {
  std::lock_guard lock(mutex_);
  contents_[replica] = std::move(content);
}

std::string FakeNode::content(const ReplicaId& replica) const {
  std::lock_guard lock(mutex_);
  auto found = contents_.find(replica);
  return found == contents_.end() ? "" : found->second;
}

void FakeNode::set_read_fault(FaultPlan plan) {
  std::lock_guard lock(mutex_);
  read_fault_ = std::move(plan);
}

void FakeNode::set_write_fault(FaultPlan plan) {
  std::lock_guard lock(mutex_);
  write_fault_ = std::move(plan);
}

uint64_t FakeNode::reads() const {
  std::lock_guard lock(mutex_);
  return reads_;
}

uint64_t FakeNode::writes() const {
  std::lock_guard lock(mutex_);
  return writes_;
}

// A cancellation shows only when it is asked for.
void FakeNode::wait_until_cancelled(const grpc::ServerContext& context) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  while (!context.IsCancelled()) never.wait_for(lock, std::chrono::milliseconds(5));
}

grpc::Status FakeNode::Read(grpc::ServerContext* context, const v1::ReadRequest* request,
                            grpc::ServerWriter<v1::ReadChunk>* writer) {
  const v1::ReadItem& item = request->items(0);
  FaultPlan plan;
  std::string content;
  {
    std::lock_guard lock(mutex_);
    ++reads_;
    plan = read_fault_;
    if (first_ticket_.empty()) first_ticket_ = item.ticket();
    bool expired = plan.fault == Fault::kAlwaysExpired ||
                   (plan.fault == Fault::kExpired && item.ticket() == first_ticket_);
    if (expired) {
      return {grpc::StatusCode::UNAUTHENTICATED, "the ticket has expired"};
    }
    auto found = contents_.find(from_wire(item.replica()));
    if (found == contents_.end()) return {grpc::StatusCode::NOT_FOUND, "no such replica"};
    content = found->second;
  }
  if (plan.fault == Fault::kRefuse) return {grpc::StatusCode::UNAVAILABLE, "refused"};
  uint64_t offset = item.offset() - item.offset() % kBlockSize;
  uint64_t end =
      std::min<uint64_t>(content.size(), item.length() == 0 ? content.size() : item.offset() + item.length());
  while (offset < end) {
    uint64_t next = std::min(end, offset + kChunk);
    bool breaks = plan.fault != Fault::kNone && plan.fault != Fault::kCorrupt && next > plan.after;
    if (breaks && plan.fault == Fault::kCut) return {grpc::StatusCode::UNAVAILABLE, "cut"};
    if (breaks && plan.fault == Fault::kCutQuietly) return grpc::Status::OK;
    if (breaks && plan.fault == Fault::kHang) {
      wait_until_cancelled(*context);
      return grpc::Status::CANCELLED;
    }
    v1::ReadChunk chunk = chunk_of(content, offset, next);
    if (plan.fault == Fault::kCorrupt && offset <= plan.after && plan.after < next) {
      (*chunk.mutable_data())[plan.after - offset] ^= 1;
    }
    offset = next;
    chunk.set_last(offset == end);
    if (!writer->Write(chunk)) return grpc::Status::CANCELLED;
  }
  return grpc::Status::OK;
}

grpc::Status FakeNode::Write(grpc::ServerContext* context,
                             grpc::ServerReaderWriter<v1::WriteReply, v1::WriteMessage>* stream) {
  FaultPlan plan;
  {
    std::lock_guard lock(mutex_);
    ++writes_;
    plan = write_fault_;
  }
  if (plan.fault == Fault::kRefuse) return {grpc::StatusCode::UNAVAILABLE, "refused"};
  if (plan.fault == Fault::kNoSpace) return {grpc::StatusCode::RESOURCE_EXHAUSTED, "no space"};
  std::optional<ReplicaId> replica;
  std::string content;
  v1::WriteMessage message;
  while (stream->Read(&message)) {
    v1::WriteReply reply;
    if (message.has_open()) {
      replica = from_wire(message.open().replica());
      continue;
    }
    if (message.has_data()) {
      const auto& data = message.data();
      auto sums = decode_sums(data.sums());
      EXPECT_EQ(data.offset(), content.size());
      EXPECT_EQ(data.offset() % kBlockSize, 0u);
      EXPECT_EQ(sums->size(), block_count(data.data().size()));
      for (size_t i = 0; i < sums->size(); ++i) {
        EXPECT_TRUE(
            verify_block(std::string_view(data.data()).substr(i * kBlockSize, kBlockSize), i, (*sums)[i], "w")
                .ok());
      }
      content += data.data();
      if (plan.fault == Fault::kCut && content.size() > plan.after) {
        if (plan.blames.empty()) return {grpc::StatusCode::UNAVAILABLE, "cut"};
        return {grpc::StatusCode::UNAVAILABLE, "node " + plan.blames + " failed: cut"};
      }
      if (plan.fault == Fault::kHang && content.size() > plan.after) {
        wait_until_cancelled(*context);
        return grpc::Status::CANCELLED;
      }
      reply.set_acked(data.sequence());
    } else {
      if (plan.fault == Fault::kHangAtFinish) {
        wait_until_cancelled(*context);
        return grpc::Status::CANCELLED;
      }
      EXPECT_EQ(message.finish().content().size(), content.size());
      EXPECT_EQ(message.finish().content().digest(), encode_digest(content_digest_of(content)));
      reply.set_acked(message.finish().sequence());
      reply.add_receipts("receipt of " + to_string(address_.node));
      keep(*replica, content);
    }
    stream->Write(reply);
  }
  return grpc::Status::OK;
}

}  // namespace fsdfs::client
