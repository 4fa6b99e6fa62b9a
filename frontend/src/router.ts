import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { useSession } from '@/composables/useSession'
import type { IconName } from '@/ui/icons'

declare module 'vue-router' {
  interface RouteMeta {
    title: string
    /** In the navigation, with this icon. */
    icon?: IconName
    /** Also without a session; shown without the shell. */
    open?: boolean
  }
}

/** Every page there is. A page's file loads when it is first visited. */
export const routes: RouteRecordRaw[] = [
  {
    path: '/',
    name: 'home',
    component: () => import('@/pages/Home.vue'),
    meta: { title: 'Home', icon: 'home' },
  },
  {
    path: '/machines',
    name: 'machines',
    component: () => import('@/pages/Machines.vue'),
    meta: { title: 'Machines', icon: 'machines' },
  },
  {
    path: '/machines/pending',
    name: 'pending',
    component: () => import('@/pages/Pending.vue'),
    meta: { title: 'Pending', icon: 'pending' },
  },
  {
    path: '/machines/:id(\\d+)',
    name: 'machine',
    component: () => import('@/pages/Machine.vue'),
    meta: { title: 'Machine' },
    props: (to) => ({ id: Number(to.params.id) }),
  },
  {
    path: '/servers',
    name: 'servers',
    component: () => import('@/pages/Servers.vue'),
    meta: { title: 'Servers', icon: 'servers' },
  },
  {
    path: '/servers/:id(\\d+)',
    name: 'server',
    component: () => import('@/pages/Server.vue'),
    meta: { title: 'Server' },
    props: (to) => ({ id: Number(to.params.id) }),
  },
  {
    path: '/servers/catalogue',
    name: 'catalogue',
    component: () => import('@/pages/Catalogue.vue'),
    meta: { title: 'Catalogue of servers' },
  },
  {
    path: '/servers/order',
    name: 'order',
    component: () => import('@/pages/Order.vue'),
    meta: { title: 'Order a server' },
  },
  {
    path: '/servers/accounts',
    name: 'accounts',
    component: () => import('@/pages/Accounts.vue'),
    meta: { title: 'Accounts at providers' },
  },
  {
    path: '/clusters',
    name: 'clusters',
    component: () => import('@/pages/Clusters.vue'),
    meta: { title: 'Clusters', icon: 'clusters' },
  },
  {
    path: '/clusters/:id',
    name: 'cluster',
    component: () => import('@/pages/Cluster.vue'),
    meta: { title: 'Cluster' },
    props: true,
  },
  {
    path: '/profiles',
    name: 'profiles',
    component: () => import('@/pages/Profiles.vue'),
    meta: { title: 'Boot profiles', icon: 'profiles' },
  },
  {
    path: '/images',
    name: 'images',
    component: () => import('@/pages/Images.vue'),
    meta: { title: 'Images', icon: 'images' },
  },
  {
    path: '/network',
    name: 'network',
    component: () => import('@/pages/Network.vue'),
    meta: { title: 'Network', icon: 'network' },
  },
  {
    path: '/analytics',
    name: 'analytics',
    component: () => import('@/pages/Analytics.vue'),
    meta: { title: 'Boot analytics', icon: 'analytics' },
  },
  {
    path: '/audit',
    name: 'audit',
    component: () => import('@/pages/Audit.vue'),
    meta: { title: 'Audit', icon: 'audit' },
  },
  {
    path: '/settings',
    name: 'settings',
    component: () => import('@/pages/Settings.vue'),
    meta: { title: 'Settings', icon: 'settings' },
  },
  {
    path: '/sign-in',
    name: 'sign-in',
    component: () => import('@/pages/SignIn.vue'),
    meta: { title: 'Sign in', open: true },
  },
  {
    path: '/setup',
    name: 'setup',
    component: () => import('@/pages/Setup.vue'),
    meta: { title: 'Set up', open: true },
  },
  {
    path: '/:rest(.*)*',
    name: 'missing',
    component: () => import('@/pages/Missing.vue'),
    meta: { title: 'Not found' },
  },
]

export const router = createRouter({
  history: createWebHistory(),
  routes,
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? {} : { top: 0 }),
})

router.beforeEach(async (to) => {
  const { session, load } = useSession()
  const now = session.value ?? (await load())
  if (now.setup_needed) return to.name === 'setup' ? true : { name: 'setup' }
  if (to.meta.open) return now.signed_in && to.name === 'sign-in' ? { name: 'home' } : true
  if (now.signed_in) return true
  return { name: 'sign-in', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
})

router.afterEach((to, from) => {
  document.title = `${to.meta.title} · Ktizo`
  // A screen reader is told of the new page by its heading; filters in the URL are no new page.
  if (from.name && to.path !== from.path) setTimeout(() => focusHeading())
})

/** The heading may come with the data; whoever has put focus elsewhere meanwhile keeps it. */
function focusHeading(tries = 20): void {
  const heading = document.getElementById('page-title')
  const free = document.activeElement === document.body || document.activeElement === null
  if (heading && heading !== document.activeElement) heading.focus({ preventScroll: true })
  else if (!heading && free && tries > 0) setTimeout(() => focusHeading(tries - 1), 100)
}
