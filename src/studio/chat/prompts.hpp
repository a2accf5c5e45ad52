#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/task.hpp"
#include "store/chat/prompts.hpp"
#include "store/database.hpp"

// What somebody keeps to say again.
namespace atelier::studio {

inline constexpr std::size_t kPromptsMax = 1'000;  // of one person
inline constexpr std::size_t kPromptNameBytesMax = 100;
inline constexpr std::size_t kPromptTextBytesMax = 64 * 1024;
inline constexpr std::size_t kPromptFolderBytesMax = 100;

// `{{name}}` in the text is asked for when it is used; that is the page's to do.
struct PromptFields {
  std::string name;
  std::string text;
  std::string folder = {};  // "": none
  std::vector<std::string> tags = {};
};
struct PromptChange {
  std::optional<std::string> name = {}, text = {}, folder = {};
  std::optional<std::vector<std::string>> tags = {};
};

// Names are compared without regard to the case of ASCII letters; no two of a person's are equal.
class Prompts {
 public:
  Prompts(store::Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  struct Page {
    std::vector<store::PromptRow> items;  // by name
    std::string next;                     // "" at the end
  };
  // Those that have `words` in name, text or tags, as they are written but for the case of ASCII letters; "": all.
  Task<Result<Page>> list(Principal principal, std::string words, std::string after, std::size_t count_max);
  Task<Result<store::PromptRow>> find(Principal principal, store::PromptId id);
  // Errors: conflict ("name_taken"), too_large ("too_many_prompts").
  Task<Result<store::PromptRow>> create(Principal principal, PromptFields fields);
  // Errors: conflict ("revision_conflict", "name_taken").
  Task<Result<store::PromptRow>> change(Principal principal, store::PromptId id, std::int64_t revision,
                                        PromptChange change);
  Task<Result<>> remove(Principal principal, store::PromptId id);

  struct Imported {
    std::size_t added = 0, replaced = 0;  // one whose name was there already
  };
  // All or none.
  Task<Result<Imported>> import(Principal principal, std::vector<PromptFields> prompts);

 private:
  Task<Result<std::size_t>> count(Principal principal);
  Task<Result<std::optional<store::PromptRow>>> find_named(Principal principal, std::string folded);

  store::Database& database_;
  const Clock& clock_;
};

json::Value to_json(const store::PromptRow& row);

}  // namespace atelier::studio
