#include "common/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace fsdfs {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(Units, SizesArePowersOf1024InEveryWriting) {
  struct Case {
    std::string text;
    uint64_t bytes;
  };
  const Case cases[] = {{"0", 0},
                        {"26", 26},
                        {"26B", 26},
                        {"1k", kKiB},
                        {"64KiB", 64 * kKiB},
                        {"64KB", 64 * kKiB},
                        {" 10 mb ", 10 * kMiB},
                        {"500G", 500 * kGiB},
                        {"1.5T", kTiB + kTiB / 2},
                        {"2pib", 2 * kPiB},
                        {"0.3", 0},
                        {"18446744073709551615", UINT64_MAX}};
  for (const Case& c : cases) {
    auto bytes = parse_size(c.text);
    ASSERT_TRUE(bytes.ok()) << bytes.status().to_string();
    EXPECT_EQ(*bytes, c.bytes) << c.text;
  }
}

TEST(Units, BadSizesAreNamedWithAnExample) {
  for (const char* text : {"", "G", "-1", "+1", "1..5G", "1X", "1KiBs", "12 34", "18446744073709551616",
                           "99999P", "1e3", "nan", "0x10"}) {
    auto bytes = parse_size(text);
    ASSERT_FALSE(bytes.ok()) << text;
    EXPECT_EQ(bytes.status().code(), Code::kInvalidArgument);
    EXPECT_THAT(bytes.status().message(), HasSubstr("'" + std::string(text) + "'"));
    EXPECT_THAT(bytes.status().message(), HasSubstr("500G"));
  }
}

TEST(Units, DurationsAddUp) {
  struct Case {
    std::string text;
    Duration duration;
  };
  const Case cases[] = {{"0", 0s},        {"0s", 0s},        {"250ms", 250ms}, {"30s", 30s}, {"10m", 10min},
                        {"1h30m", 90min}, {"1h 30m", 90min}, {"1d", 24h},      {"2w", 336h}, {"1.5s", 1500ms},
                        {"0.1s", 100ms},  {"7us", 7us},      {"12ns", 12ns}};
  for (const Case& c : cases) {
    auto duration = parse_duration(c.text);
    ASSERT_TRUE(duration.ok()) << duration.status().to_string();
    EXPECT_EQ(*duration, c.duration) << c.text;
  }
}

TEST(Units, BadDurationsAreNamedWithAnExample) {
  for (const char* text :
       {"", "5", "s", "-5s", "5 s", "5x", "5mm", "5S", "300y", "1h30", "400000w", "1..5s"}) {
    auto duration = parse_duration(text);
    ASSERT_FALSE(duration.ok()) << text;
    EXPECT_THAT(duration.status().message(), HasSubstr("'" + std::string(text) + "'"));
    EXPECT_THAT(duration.status().message(), HasSubstr("1h30m"));
  }
}

TEST(Units, PercentNeedsItsSign) {
  EXPECT_EQ(parse_percent("5%").value(), 0.05);
  EXPECT_EQ(parse_percent("0.5 %").value(), 0.005);
  EXPECT_EQ(parse_percent("100%").value(), 1.0);
  for (const char* text : {"", "%", "5", "0.05", "-5%", "five%", "nan%", "inf%"}) {
    EXPECT_FALSE(parse_percent(text).ok()) << text;
  }
}

TEST(Units, NumbersAndBooleans) {
  EXPECT_EQ(parse_integer("-42").value(), -42);
  EXPECT_EQ(parse_integer(" +7 ").value(), 7);
  for (const char* text : {"", "+", "+-1", "1.5", "1 2", "0x1", "9223372036854775808"}) {
    EXPECT_FALSE(parse_integer(text).ok()) << text;
  }
  EXPECT_EQ(parse_real("2.5").value(), 2.5);
  EXPECT_EQ(parse_real("1e3").value(), 1000);
  for (const char* text : {"", "x", "1.5x", "inf", "nan", "1e999"})
    EXPECT_FALSE(parse_real(text).ok()) << text;
  EXPECT_TRUE(parse_boolean("Yes").value());
  EXPECT_FALSE(parse_boolean("off").value());
  EXPECT_FALSE(parse_boolean("maybe").ok());
}

TEST(Units, SizesForPeople) {
  EXPECT_EQ(format_size(0), "0 B");
  EXPECT_EQ(format_size(1023), "1023 B");
  EXPECT_EQ(format_size(1024), "1 KiB");
  EXPECT_EQ(format_size(1536 * kMiB), "1.5 GiB");
  EXPECT_EQ(format_size(500 * kGiB), "500 GiB");
  EXPECT_EQ(format_size(kGiB - 1), "1 GiB");
  EXPECT_EQ(format_size(UINT64_MAX), "16384 PiB");
}

TEST(Units, DurationsForPeople) {
  EXPECT_EQ(format_duration(0s), "0s");
  EXPECT_EQ(format_duration(12ns), "12ns");
  EXPECT_EQ(format_duration(1999us), "1ms");
  EXPECT_EQ(format_duration(250ms), "250ms");
  EXPECT_EQ(format_duration(1500ms), "1.5s");
  EXPECT_EQ(format_duration(30s), "30s");
  EXPECT_EQ(format_duration(-30s), "-30s");
  EXPECT_EQ(format_duration(90min + 59s), "1h30m");
  EXPECT_EQ(format_duration(26h), "1d2h");
  EXPECT_EQ(format_duration(240h), "10d");
}

TEST(Units, ExactTextsReadBack) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 10000; ++i) {
    uint64_t bytes = random() >> (random() % 64) << (random() % 30);
    EXPECT_EQ(parse_size(size_text(bytes)).value(), bytes) << size_text(bytes);
    Duration duration(static_cast<int64_t>(random() >> (2 + random() % 60)));
    EXPECT_EQ(parse_duration(duration_text(duration)).value(), duration) << duration_text(duration);
    double share = static_cast<double>(random() % 10001) / 10000;
    EXPECT_EQ(parse_percent(percent_text(share)).value(), share) << percent_text(share);
  }
  EXPECT_EQ(size_text(500 * kGiB), "500G");
  EXPECT_EQ(size_text(1025), "1025");
  EXPECT_EQ(duration_text(90min), "1h30m");
  EXPECT_EQ(percent_text(0.05), "5%");
  EXPECT_EQ(percent_text(0.07), "7%");
}

}  // namespace
}  // namespace fsdfs
