#include "media/worker/caption/fonts.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <hb-ot.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/hash.hpp"
#include "base/unique_fd.hpp"
#include "media/worker/caption/font_face.hpp"
#include "media/worker/caption/font_set.hpp"

namespace atelier::media::caption {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{64} << 20;  // the largest of the set has 20 MiB

double units_at(std::span<const std::uint8_t> table, std::size_t offset) {
  if (offset + 2 > table.size()) return 0;
  // Signed on purpose: fonts exist whose winAscent is, and libass reads it so.
  return static_cast<std::int16_t>((table[offset] << 8) | table[offset + 1]);
}

struct Table {
  HbBlob blob;
  std::span<const std::uint8_t> bytes;
};
Table table_of(hb_face_t* face, hb_tag_t tag) {
  Table table{HbBlob(hb_face_reference_table(face, tag)), {}};
  unsigned size = 0;
  const char* data = hb_blob_get_data(table.blob.get(), &size);
  table.bytes = {reinterpret_cast<const std::uint8_t*>(data), size};
  return table;
}

std::unique_ptr<FontFace> make_face(std::span<const std::uint8_t> bytes, std::uint32_t index) {
  auto made = std::make_unique<FontFace>();
  const HbBlob blob(hb_blob_create(reinterpret_cast<const char*>(bytes.data()), static_cast<unsigned>(bytes.size()),
                                   HB_MEMORY_MODE_READONLY, nullptr, nullptr));
  made->face.reset(hb_face_create(blob.get(), index));
  hb_face_make_immutable(made->face.get());
  const unsigned units = hb_face_get_upem(made->face.get());
  made->units_per_em = units;
  made->font.reset(hb_font_create(made->face.get()));
  hb_font_set_scale(made->font.get(), static_cast<int>(units), static_cast<int>(units));
  hb_font_make_immutable(made->font.get());
  const Table os2 = table_of(made->face.get(), HB_TAG('O', 'S', '/', '2'));
  const double ascent = units_at(os2.bytes, 74);   // usWinAscent
  const double descent = units_at(os2.bytes, 76);  // usWinDescent
  if (ascent + descent > 0) {
    made->win_ascent = ascent / units;
    made->win_descent = descent / units;
  }
  return made;
}

}  // namespace

// One mapped file; several faces may come from it.
struct Fonts::File {
  std::string name;
  void* start = nullptr;
  std::size_t size_bytes = 0;

  File(std::string file_name, void* mapped, std::size_t size)
      : name(std::move(file_name)), start(mapped), size_bytes(size) {}
  File(File&& other) noexcept
      : name(std::move(other.name)), start(std::exchange(other.start, nullptr)), size_bytes(other.size_bytes) {}
  File& operator=(File&&) = delete;
  ~File() {
    if (start) munmap(start, size_bytes);
  }
  std::span<const std::uint8_t> bytes() const {
    return {static_cast<const std::uint8_t*>(start), start ? size_bytes : 0};
  }
};

std::span<const std::filesystem::path> default_font_folders() {
  static const std::array<std::filesystem::path, 2> folders{"/usr/share/fonts/truetype/noto",
                                                            "/usr/share/fonts/opentype/noto"};
  return folders;
}

Fonts::Fonts() = default;
Fonts::~Fonts() = default;

Result<> Fonts::open_file(std::string_view name, std::span<const std::filesystem::path> folders) {
  for (const auto& folder : folders) {
    const UniqueFd file(::open((folder / name).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open()) continue;
    struct stat facts{};
    if (fstat(file.get(), &facts) != 0) return fail_errno(errno, fmt::format("cannot read the font {}", name));
    const auto size = static_cast<std::size_t>(facts.st_size);
    if (!S_ISREG(facts.st_mode) || size < 12 || size > kFileBytesMax)
      return fail(ErrorCode::invalid_argument,
                  fmt::format("the font {} in {} is not a font file", name, folder.string()));
    void* start = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (start == MAP_FAILED) return fail_errno(errno, fmt::format("cannot map the font {}", name));
    files_.emplace_back(std::string(name), start, size);
    return {};
  }
  missing_.emplace_back(name);
  files_.emplace_back(std::string(name), nullptr, 0);
  return {};
}

void Fonts::make_faces() {
  const auto set = font_set();
  for (std::size_t i = 0; i < set.size(); ++i) {
    const auto file_bytes = bytes(i);
    faces_.push_back(file_bytes.empty() ? nullptr : make_face(file_bytes, set[i].face));
  }
}

std::string Fonts::make_digest() const {
  Sha256 hash;
  for (const File& file : files_) {
    const auto index = static_cast<std::size_t>(&file - files_.data());
    const auto owner = static_cast<std::size_t>(std::ranges::find(file_of_, index) - file_of_.begin());
    std::string checksum;
    if (faces_[owner]) {
      // head.checkSumAdjustment depends on every byte of the file; in a collection on those of the face.
      const Table head = table_of(faces_[owner]->face.get(), HB_TAG('h', 'e', 'a', 'd'));
      if (head.bytes.size() >= 12) checksum.assign(reinterpret_cast<const char*>(head.bytes.data()) + 8, 4);
    }
    hash.update(fmt::format("{}\n{}\n{}\n", file.name, file.size_bytes, hex(checksum)));
  }
  return hash.finish().hex();
}

Result<std::unique_ptr<Fonts>> Fonts::open(std::span<const std::filesystem::path> folders) {
  std::unique_ptr<Fonts> fonts(new Fonts);
  for (const FontSpec& spec : font_set()) {
    const auto known = std::ranges::find(fonts->files_, spec.file, &File::name);
    fonts->file_of_.push_back(static_cast<std::size_t>(known - fonts->files_.begin()));
    if (known != fonts->files_.end()) continue;
    if (auto opened = fonts->open_file(spec.file, folders); !opened) return error_of(opened);
  }
  std::ranges::sort(fonts->missing_);
  fonts->make_faces();
  if (!fonts->faces_[kLatinFont]) return fail(ErrorCode::not_found, fonts->missing_message());
  fonts->digest_ = fonts->make_digest();
  return fonts;
}

std::string Fonts::missing_message() const {
  if (missing_.empty()) return {};
  return fmt::format(
      "fonts for captions are missing: {} (Debian packages fonts-noto-core, fonts-noto-cjk, "
      "fonts-noto-color-emoji)",
      fmt::join(missing_, ", "));
}

std::span<const std::uint8_t> Fonts::bytes(std::size_t index) const noexcept { return files_[file_of_[index]].bytes(); }
const FontFace* Fonts::face(std::size_t index) const noexcept { return faces_[index].get(); }

}  // namespace atelier::media::caption
