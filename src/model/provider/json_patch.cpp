#include "model/provider/json_patch.hpp"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <vector>

namespace atelier::model {
namespace {

// Byte positions in the object's text.
struct Member {
  std::size_t name_begin, name_end;  // with its quotes
  std::size_t value_begin, value_end;
};

// Walks an object's members, or an array's elements. A scan of our own and not simdjson's: that writes an index of four
// bytes for each byte of text, and most of these texts is base64, where looking for the next quote is all there is to
// do.
class Walk {
 public:
  explicit Walk(std::string_view text) : text_(text) {}

  // One of these to be called once, first: past the opening brace or bracket.
  Result<> open() {
    skip_space();
    if (!take('{')) return broken("an object must begin");
    begin_ = at_;
    return {};
  }
  Result<> open_array() {
    skip_space();
    if (!take('[')) return broken("a list must begin");
    begin_ = at_;
    return {};
  }

  Result<std::optional<std::string_view>> next_element() {
    skip_space();
    if (take(']')) return std::optional<std::string_view>();
    if (count_ > 0) {
      if (!take(',')) return broken("a comma or the list's end must follow");
      skip_space();
    }
    const std::size_t begin = at_;
    if (!skip_value() || at_ == begin) return broken("a value must stand");
    ++count_;
    return std::optional(text_.substr(begin, at_ - begin));
  }

  Result<std::optional<Member>> next() {
    skip_space();
    if (take('}')) return std::optional<Member>();
    if (count_ > 0) {
      if (!take(',')) return broken("a comma or the object's end must follow");
      skip_space();
    }
    Member member{.name_begin = at_, .name_end = 0, .value_begin = 0, .value_end = 0};
    if (at_ >= text_.size() || text_[at_] != '"' || !skip_string()) return broken("a name must stand");
    member.name_end = at_;
    skip_space();
    if (!take(':')) return broken("a colon must follow");
    skip_space();
    member.value_begin = at_;
    if (!skip_value() || at_ == member.value_begin) return broken("a value must stand");
    member.value_end = at_;
    ++count_;
    return std::optional(member);
  }

  // After the last member: nothing but white space follows.
  Result<> expect_end() {
    skip_space();
    if (at_ != text_.size()) return broken("the text must end");
    return {};
  }

  std::string_view text() const noexcept { return text_; }
  std::size_t after_brace() const noexcept { return begin_; }
  std::size_t count() const noexcept { return count_; }

 private:
  std::unexpected<Error> broken(std::string_view what) const {
    return fail(ErrorCode::invalid_argument, fmt::format("not JSON: {} at byte {}", what, at_),
                {.reason = "json_invalid", .where = {}});
  }
  bool take(char wanted) {
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
      ++at_;
  }
  // From an opening quote to past the closing one.
  bool skip_string() {
    for (std::size_t from = at_ + 1;;) {
      const std::size_t quote = text_.find('"', from);
      if (quote == std::string_view::npos) return false;
      std::size_t slashes = 0;
      while (quote - slashes > at_ + 1 && text_[quote - slashes - 1] == '\\') ++slashes;
      if (slashes % 2 == 0) {
        at_ = quote + 1;
        return true;
      }
      from = quote + 1;
    }
  }
  bool skip_value() {
    std::size_t depth = 0;
    while (at_ < text_.size()) {
      switch (text_[at_]) {
        case '"':
          if (!skip_string()) return false;
          break;
        case '}':
        case ']':
          if (depth == 0) return true;  // the object's own, after a number or word
          --depth, ++at_;
          break;
        case '{':
        case '[':
          ++depth, ++at_;
          continue;
        case ',':
        case ' ':
        case '\n':
        case '\r':
        case '\t':
          if (depth == 0) return true;
          ++at_;
          continue;
        default:
          ++at_;
          continue;
      }
      if (depth == 0) return true;
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0, begin_ = 0, count_ = 0;
};

bool is_named(std::string_view text, const Member& member, std::string_view name) {
  const std::string_view quoted = text.substr(member.name_begin, member.name_end - member.name_begin);
  if (quoted.find('\\') == std::string_view::npos) return quoted.substr(1, quoted.size() - 2) == name;
  boost::json::error_code ec;
  const boost::json::value unescaped = boost::json::parse(quoted, ec);
  return !ec && unescaped.is_string() && unescaped.get_string() == name;
}

struct Edit {
  std::size_t begin, end;
  std::string_view value;
};

std::string with_edits(std::string_view text, const std::vector<Edit>& edits) {
  std::size_t size = text.size();
  for (const Edit& edit : edits) size += edit.value.size();
  std::string out;
  out.reserve(size);
  std::size_t at = 0;
  for (const Edit& edit : edits) {
    out.append(text.substr(at, edit.begin - at)).append(edit.value);
    at = edit.end;
  }
  return out.append(text.substr(at));
}

}  // namespace

Result<std::vector<MemberText>> members_of(std::string_view object, std::size_t count_max) {
  Walk walk(object);
  if (auto opened = walk.open(); !opened) return error_of(opened);
  std::vector<MemberText> members;
  for (;;) {
    auto member = walk.next();
    if (!member) return error_of(member);
    if (!*member) {
      if (auto ended = walk.expect_end(); !ended) return error_of(ended);
      return members;
    }
    const Member& at = **member;
    members.push_back({object.substr(at.name_begin + 1, at.name_end - at.name_begin - 2),
                       object.substr(at.value_begin, at.value_end - at.value_begin)});
    if (members.size() > count_max)
      return fail(ErrorCode::too_large, fmt::format("the object has more than {} members", count_max));
  }
}

Result<std::vector<std::string_view>> elements_of(std::string_view array, std::size_t count_max) {
  Walk walk(array);
  if (auto opened = walk.open_array(); !opened) return error_of(opened);
  std::vector<std::string_view> elements;
  for (;;) {
    auto element = walk.next_element();
    if (!element) return error_of(element);
    if (!*element) {
      if (auto ended = walk.expect_end(); !ended) return error_of(ended);
      return elements;
    }
    elements.push_back(**element);
    if (elements.size() > count_max)
      return fail(ErrorCode::too_large, fmt::format("the list has more than {} elements", count_max));
  }
}

Result<std::optional<std::string_view>> find_member(std::string_view object, std::string_view name) {
  Walk walk(object);
  if (auto opened = walk.open(); !opened) return error_of(opened);
  for (;;) {
    auto member = walk.next();
    if (!member) return error_of(member);
    if (!*member) return std::optional<std::string_view>();
    if (is_named(object, **member, name))
      return std::optional(object.substr((*member)->value_begin, (*member)->value_end - (*member)->value_begin));
  }
}

Result<> find_members(std::string_view object, std::span<const std::string_view> names,
                      std::span<std::optional<std::string_view>> values) {
  ensure(names.size() == values.size(), "there is a place for each value");
  Walk walk(object);
  if (auto opened = walk.open(); !opened) return error_of(opened);
  for (;;) {
    auto member = walk.next();
    if (!member) return error_of(member);
    if (!*member) return {};
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (values[i] || !is_named(object, **member, names[i])) continue;
      values[i] = object.substr((*member)->value_begin, (*member)->value_end - (*member)->value_begin);
      break;
    }
  }
}

Result<std::string> set_members(std::string_view object, std::span<const MemberChange> changes) {
  Walk walk(object);
  if (auto opened = walk.open(); !opened) return error_of(opened);
  std::vector<Edit> edits;
  std::vector<bool> is_done(changes.size(), false);
  for (;;) {
    auto member = walk.next();
    if (!member) return error_of(member);
    if (!*member) break;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (!is_named(object, **member, changes[i].name)) continue;
      edits.push_back({(*member)->value_begin, (*member)->value_end, changes[i].value});
      is_done[i] = true;
      break;
    }
  }
  std::string front;
  bool has_followers = walk.count() > 0;
  for (std::size_t i = changes.size(); i-- > 0;) {
    if (is_done[i]) continue;
    front.insert(
        0, fmt::format("{}:{}{}", boost::json::serialize(changes[i].name), changes[i].value, has_followers ? "," : ""));
    has_followers = true;
  }
  if (!front.empty()) edits.insert(edits.begin(), {walk.after_brace(), walk.after_brace(), front});
  return with_edits(object, edits);
}

Result<std::string> set_member(std::string_view object, std::string_view name, std::string_view value) {
  const MemberChange change{name, value};
  return set_members(object, {&change, 1});
}

Result<std::string> remove_member(std::string_view object, std::string_view name) {
  Walk walk(object);
  if (auto opened = walk.open(); !opened) return error_of(opened);
  std::vector<Member> members;
  for (;;) {
    auto member = walk.next();
    if (!member) return error_of(member);
    if (!*member) break;
    members.push_back(**member);
  }
  std::vector<Edit> edits;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!is_named(object, members[i], name)) continue;
    // With the comma after it; the last one with the comma before it, which the one before may have taken already.
    if (i + 1 < members.size())
      edits.push_back({members[i].name_begin, members[i + 1].name_begin, {}});
    else if (i > 0 && !(!edits.empty() && edits.back().end == members[i].name_begin))
      edits.push_back({members[i - 1].value_end, members[i].value_end, {}});
    else
      edits.push_back({members[i].name_begin, members[i].value_end, {}});
  }
  return with_edits(object, edits);
}

}  // namespace atelier::model
