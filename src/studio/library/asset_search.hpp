#pragma once

#include <string>

#include "base/id.hpp"
#include "base/task.hpp"
#include "store/database.hpp"
#include "store/work_pool.hpp"

namespace atelier::studio {

// Finds assets by words of their names, facts and prompts, as they are written for the search of threads: all of them,
// the last may be only begun, what is in quotation marks is a phrase, nothing is an operator. Thread-safe.
class AssetSearch {
 public:
  // Texts are cut into words on `pool`.
  AssetSearch(store::Database& database, store::WorkPool& pool) : database_(database), pool_(pool) {}

  // What store::AssetFilter::match is to be for this text. Before that it takes in what the principal has that was not
  // read yet, so that an asset is found as soon as it is there. Errors: no word in it, too many, no UTF-8.
  Task<Result<std::string>> match_of(Principal principal, std::string text);
  // Reads some assets that are not read yet: the owner's (an id as text), or anybody's where it is empty. True: there
  // is more.
  Task<Result<bool>> read_some(std::string owner);

 private:
  store::Database& database_;
  store::WorkPool& pool_;
};

}  // namespace atelier::studio
