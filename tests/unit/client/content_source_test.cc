#include "client/content_source.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "common/io/files.h"

namespace fsdfs::client {
namespace {

std::string read_some(ContentSource& source, size_t count) {
  std::string bytes(count, '\0');
  auto got = source.read(std::as_writable_bytes(std::span(bytes)));
  EXPECT_TRUE(got.ok());
  bytes.resize(got.ok() ? *got : 0);
  return bytes;
}

class Pipe {
 public:
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    out.reset(ends[0]);
    in.reset(ends[1]);
  }
  // Feeds and closes the pipe from a thread, as a process would.
  void feed(std::string bytes) {
    writer_ = std::thread([this, bytes = std::move(bytes)] {
      for (size_t at = 0; at < bytes.size();) {
        ssize_t count = ::write(in.get(), bytes.data() + at, std::min<size_t>(bytes.size() - at, 1000));
        if (count <= 0) break;
        at += static_cast<size_t>(count);
      }
      in.reset();
    });
  }
  ~Pipe() {
    out.reset();
    if (writer_.joinable()) writer_.join();
  }
  UniqueFd out;
  UniqueFd in;

 private:
  std::thread writer_;
};

TEST(StreamSource, KnowsTheSizeOfASmallStreamAndCanReadItAgain) {
  Pipe pipe;
  pipe.feed(std::string(5000, 'x'));
  StreamSource source(pipe.out.get(), "pipe");
  ASSERT_TRUE(source.open().ok());
  EXPECT_EQ(source.size(), 5000u);
  EXPECT_EQ(read_some(source, 10000), std::string(5000, 'x'));
  ASSERT_TRUE(source.rewind());
  EXPECT_EQ(read_some(source, 4999), std::string(4999, 'x'));
  EXPECT_EQ(read_some(source, 10), "x");
  EXPECT_EQ(read_some(source, 10), "");
}

TEST(StreamSource, ReadsALongStreamOnceAndFillsEveryRead) {
  std::string content;
  for (size_t i = 0; content.size() < StreamSource::kSpool + 100'000; ++i) content += std::to_string(i) + " ";
  Pipe pipe;
  pipe.feed(content);
  StreamSource source(pipe.out.get(), "pipe");
  ASSERT_TRUE(source.open().ok());
  EXPECT_EQ(source.size(), std::nullopt);
  std::string got = read_some(source, StreamSource::kSpool - 10);
  ASSERT_TRUE(source.rewind());
  got = read_some(source, StreamSource::kSpool - 10);
  EXPECT_EQ(got.size(), StreamSource::kSpool - 10);
  std::string over = read_some(source, 50'000);
  EXPECT_EQ(over.size(), 50'000u);
  EXPECT_FALSE(source.rewind());
  got += over + read_some(source, 1'000'000);
  EXPECT_EQ(got, content);
}

TEST(FileSource, StartsOverAfterARewind) {
  std::string path = ::testing::TempDir() + "file_source_test";
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  ASSERT_TRUE(file.valid());
  ASSERT_EQ(::write(file.get(), "abcdef", 6), 6);
  FileSource source(file.get(), path, 6);
  EXPECT_EQ(source.size(), 6u);
  EXPECT_EQ(read_some(source, 4), "abcd");
  ASSERT_TRUE(source.rewind());
  EXPECT_EQ(read_some(source, 10), "abcdef");
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace fsdfs::client
