"""Every account page that is routed; allauth has more, which are not wanted here."""

from allauth.account import views as allauth_views
from django.urls import path, re_path
from django.views.generic import RedirectView

from helpdesk.accounts import views

urlpatterns = [
    path("login/", views.SignIn.as_view(), name="account_login"),
    path("login/code/", views.AskForCode.as_view(), name="account_request_login_code"),
    path("login/code/confirm/", views.EnterCode.as_view(), name="account_confirm_login_code"),
    path("logout/", allauth_views.logout, name="account_logout"),
    path("inactive/", allauth_views.account_inactive, name="account_inactive"),
    # Nobody signs up: whoever proves an address that wrote to us has an account.
    path("signup/", RedirectView.as_view(pattern_name="portal:new"), name="account_signup"),
    path("password/change/", views.ChangePassword.as_view(), name="account_change_password"),
    path("password/set/", views.SetPassword.as_view(), name="account_set_password"),
    path("password/reset/", views.ResetPassword.as_view(), name="account_reset_password"),
    path("password/reset/done/", allauth_views.password_reset_done, name="account_reset_password_done"),
    path(
        "password/reset/key/done/",
        allauth_views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.ResetPasswordFromKey.as_view(),
        name="account_reset_password_from_key",
    ),
    path("join/", views.join, name="account_join_here"),
    path("join/<int:uid>/<str:token>/", views.join_link, name="account_join"),
    path("first/", views.first_administrator, name="account_first_here"),
    path("first/<str:token>/", views.first_link, name="account_first_admin"),
    path("preferences/", views.preferences, name="account_preferences"),
]
