#include "net/router.hpp"

#include <gtest/gtest.h>

#include <boost/asio/use_future.hpp>

#include "base/async.hpp"

namespace atelier::net {
namespace {

Task<Result<Response>> answer_path(Request request) {
  std::string text(request.note ? request.note->route : "");
  for (const auto& [name, value] : request.path_parameters) text += " " + name + "=" + value;
  co_return text_response(text);
}

class Routes : public testing::Test {
 protected:
  void SetUp() override {
    router_.add(Method::get, "/", answer_path);
    router_.add(Method::get, "/api/assets", answer_path);
    router_.add(Method::post, "/api/assets", answer_path);
    router_.add(Method::get, "/api/assets/{id}", answer_path);
    router_.add(Method::get, "/api/assets/newest", answer_path);
    router_.add(Method::get, "/api/assets/{id}/files/{name}", answer_path);
    router_.add(Method::get, "/files/{path...}", answer_path);
    router_.add(Method::get, "/files/{id}/facts", answer_path);
  }
  Response ask(Method method, std::string path) {
    Request request;
    RequestNote note;
    request.method = method;
    request.path = std::move(path);
    request.note = &note;
    asio::io_context context(1);
    auto future = asio::co_spawn(context.get_executor(), router_.handle(std::move(request)), asio::use_future);
    context.run();
    return std::move(*future.get());
  }
  std::string text(Method method, std::string path) { return std::get<std::string>(ask(method, std::move(path)).body); }
  Router router_;
};

TEST_F(Routes, AreFoundByPathAndMethod) {
  EXPECT_EQ(text(Method::get, "/"), "/");
  EXPECT_EQ(text(Method::get, "/api/assets"), "/api/assets");
  EXPECT_EQ(text(Method::get, "/api/assets/7"), "/api/assets/{id} id=7");
  EXPECT_EQ(text(Method::get, "/api/assets/7/files/a b"), "/api/assets/{id}/files/{name} id=7 name=a b");
  EXPECT_EQ(text(Method::head, "/api/assets/7"), "/api/assets/{id} id=7");
}

TEST_F(Routes, PreferALiteralToAParameterAndAParameterToTheRest) {
  EXPECT_EQ(text(Method::get, "/api/assets/newest"), "/api/assets/newest");
  EXPECT_EQ(text(Method::get, "/files/7/facts"), "/files/{id}/facts id=7");
  EXPECT_EQ(text(Method::get, "/files/7/other/deep"), "/files/{path...} path=7/other/deep");
}

TEST_F(Routes, UnknownPathsAre404) {
  for (const char* path : {"/nothing", "/api/assets/", "/api/assets/7/", "/api", "/api/assets/7/files", "/files"})
    EXPECT_EQ(ask(Method::get, path).status, 404) << path;
}

TEST_F(Routes, KnownPathsWithAnotherMethodAre405AndNameTheOthers) {
  const Response response = ask(Method::del, "/api/assets");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers.find("allow"), "GET, HEAD, POST, OPTIONS");
}

TEST_F(Routes, OptionsNamesTheMethods) {
  const Response response = ask(Method::options, "/api/assets/7");
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.headers.find("allow"), "GET, HEAD, OPTIONS");
}

TEST(RoutesDeathTest, ARouteDeclaredTwiceIsOurBug) {
  Router router;
  router.add(Method::get, "/a", answer_path);
  EXPECT_DEATH(router.add(Method::get, "/a", answer_path), "declared once");
}

}  // namespace
}  // namespace atelier::net
